import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { answerAsSink } from './sinks.ts'

let take = () => {}
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  disableReverseLookup: true,
  onData(stream, _session, done) {
    stream.on('data', () => {})
    stream.on('end', () => {
      take()
      done()
    })
  },
})
server.on('error', () => {})
server.listen(0, '127.0.0.1', () => {
  take = answerAsSink((server.server.address() as AddressInfo).port)
})
