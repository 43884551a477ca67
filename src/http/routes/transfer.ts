import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { ERRORS_MAX, ExportQuery, ImportAnswer, LINE_MAX, TransferLine } from '../../../contract/transfer.ts'
import { exportLines } from '../../actions/export.ts'
import { importLines } from '../../actions/import.ts'
import { Refused } from '../../domain/refusal.ts'
import type { Db } from '../../store/db.ts'
import { StoreUnavailable } from '../../store/errors.ts'
import { faultsOf } from '../faults.ts'
import { operation } from '../operation.ts'
import { hostId } from '../path.ts'

const tag = 'Service'
const NDJSON = 'application/x-ndjson'
// A million lines take minutes, and whoever stops a server does not wait for that long: what has begun may end within this.
const GRACE_MS = 10_000
// Who takes nothing of an export for so long is gone; its snapshot keeps the database from tidying up.
const STALLED_MS = 60_000

const EXAMPLE = [
  { type: 'user', id: 'creator-1', username: 'cask_keeper' },
  { type: 'user', id: 'member-1', username: 'whisky_lover' },
  { type: 'community', id: 'whisky-club', name: 'The Whisky Club', creator_id: 'creator-1' },
  { type: 'member', community_id: 'whisky-club', user_id: 'member-1', status: 'active' },
  {
    type: 'message',
    community_id: 'whisky-club',
    sender_id: 'member-1',
    recipient_id: 'creator-1',
    content: 'Hello!',
    created_at: '2024-12-01T10:30:00Z',
  },
]
const lines: TSchema = { ...TransferLine, examples: [EXAMPLE.map((line) => JSON.stringify(line)).join('\n')] }

const importOperation = operation({
  tag,
  summary: 'Import users, communities, members and messages',
  description: `NDJSON, one object a line of up to ${LINE_MAX / 1024} KiB, taken in as it comes and without an end. Tell of people before what refers to them.
Each line is judged by itself: one that is refused is told of in \`errors\` (the first ${ERRORS_MAX}; \`refused\` counts all), and never stops
the others. Importing the same again changes nothing. Nobody is notified.

Users, communities and memberships are what the host says, as with PUT: the line wins. What happened in Snug stays: blocks that
have been decided here, erasures (also of the texts that an old file still holds), what has been read. Messages are laid on top of
their conversations in the order of their lines; one whose \`id\` is there, or has been deleted
in Snug, is passed over. They count as read by both, unless \`read\` is false or the recipient has something unread below.`,
  answers: { 200: ImportAnswer },
})
const importRoute = {
  ...importOperation,
  schema: { ...importOperation.schema, consumes: [NDJSON], body: lines },
  // The schema is for the reader: the body is a stream, whose lines are validated one by one.
  validatorCompiler: () => () => true,
}

const exportOperation = operation({
  tag,
  summary: 'Export everything, or one community',
  description:
    'NDJSON that `POST /service/v1/import` takes: an import of it into an empty Snug answers every GET the same. From one moment. An export that could not be finished is cut off without the end of the HTTP body.',
  query: ExportQuery,
  answers: { 200: { content: { [NDJSON]: { schema: lines } } } as TSchema },
  refusals: ['not_found'],
})

// HEAD would read everything, for nobody.
const exportRoute = { ...exportOperation, exposeHeadRoute: false }

/**
 * Import and export: CONTRACT §7. Both stream, with the pace of whichever side is slower.
 * @param graceMs how long what has begun may go on when the server stops
 */
export async function transferRoutes(
  service: FastifyInstance,
  { db, graceMs = GRACE_MS }: { db: Db; graceMs?: number },
): Promise<void> {
  const stopping = abortWhenStopped(service, graceMs)
  await service.register(async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    app.post<{ Body?: IncomingMessage }>('/service/v1/import', importRoute, async (request, reply) => {
      // Not destroyed with the iterator: that would take the socket along, and the answer to a failed import with it.
      const input = request.body?.iterator({ destroyOnReturn: false }) ?? Readable.from([])
      try {
        return await importLines(db, input, { signal: stopping })
      } catch (error) {
        // What is still coming is not read any more, and the server may be waiting for its connections to end.
        if (!request.raw.socket.destroyed) {
          void reply.header('connection', 'close')
          throw error
        }
        // The client has gone, and there is nobody to answer. What was committed stays.
        request.log.info('an import was cut off by its client')
        return reply.hijack()
      }
    })
  })

  service.get<{ Querystring: ExportQuery }>('/service/v1/export', exportRoute, async (request, reply) => {
    const faults = faultsOf(request)
    if (faults.length > 0) throw new Refused('invalid', faults)
    const asked = request.query.community_id
    const communityId = asked === undefined ? null : hostId(asked)
    const chunks = exportLines(db, { communityId, signal: stopping })
    // The first page is read before the answer begins, so that what is refused is answered as such.
    const first = await chunks.next()
    void reply.type(NDJSON)
    return reply.send(streamOf(first, chunks, stopping))
  })
}

function abortWhenStopped(app: FastifyInstance, graceMs: number): AbortSignal {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  app.addHook('preClose', (done) => {
    timer = setTimeout(() => controller.abort(new StoreUnavailable('the server stops')), graceMs)
    done()
  })
  app.addHook('onClose', (_app, done) => {
    clearTimeout(timer)
    done()
  })
  return controller.signal
}

/** Ends with an error, which cuts the answer off, when the server stops or nobody takes the chunks. */
function streamOf(
  first: IteratorResult<string>,
  chunks: AsyncGenerator<string>,
  stopping: AbortSignal,
): Readable {
  const stream = Readable.from(paced(), { objectMode: false })
  const onStop = () => stream.destroy(stopping.reason)
  const stalled = setTimeout(() => stream.destroy(new Error('nobody takes the export')), STALLED_MS)
  stopping.addEventListener('abort', onStop)
  // Not in the generator: one that was never begun has no end either.
  stream.on('close', () => {
    clearTimeout(stalled)
    stopping.removeEventListener('abort', onStop)
    chunks.return(undefined).catch(() => {})
  })
  return stream

  async function* paced(): AsyncGenerator<string> {
    for (let next = first; !next.done; next = await chunks.next()) {
      stalled.refresh()
      yield next.value
    }
  }
}
