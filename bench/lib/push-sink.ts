import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { answerAsSink } from './sinks.ts'

const file = (name: string) => readFileSync(new URL(`../../test/notify/tls/${name}`, import.meta.url))
let take = () => {}
const server = createServer(
  { key: file('loopback.key'), cert: file('loopback.pem') },
  (request, response) => {
    request.resume()
    request.on('end', () => {
      take()
      response.writeHead(201).end()
    })
  },
)
server.listen(0, '127.0.0.1', () => {
  take = answerAsSink((server.address() as AddressInfo).port)
})
