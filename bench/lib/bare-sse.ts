import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { answerQuestions } from './child.ts'

// The denominator of server-sent events: a Fastify route that takes the response from the framework and keeps it.

let tokens: ReadonlyMap<string, string> = new Map()
const responses = new Map<string, ServerResponse>()
const app = fastify()

app.get('/api/v1/stream', (request, reply) => {
  const user = tokens.get(request.headers.authorization as string)
  if (user === undefined) return void reply.code(401).send()
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
  reply.raw.write('id: bare-1\nevent: ready\ndata: {}\n\n')
  responses.set(user, reply.raw)
  reply.raw.on('close', () => responses.delete(user))
})

answerQuestions({
  async listen(given: { tokens: ReadonlyMap<string, string> }) {
    tokens = given.tokens
    await app.listen({ host: '127.0.0.1', port: 0 })
    return (app.server.address() as AddressInfo).port
  },
})
// To be asked is what it is there for until it listens, whatever else is loaded.
process.channel?.ref()
