import { readFileSync } from 'node:fs'
import { fastify } from 'fastify'

// The denominator of `reads`: a bare Fastify route that answers the same bytes from memory.
const body = readFileSync(process.argv[2] as string, 'utf8')
const app = fastify()
app.get('/', (_request, reply) => reply.type('application/json; charset=utf-8').send(body))
console.log(await app.listen({ host: '127.0.0.1', port: 0 }))
process.on('SIGTERM', () => void app.close())
