import type { Api } from './api-types.ts'
import { createFace } from './face.ts'
import { newKey } from './key.ts'
import { createPending } from './pending.ts'
import type { Job } from './queue.ts'
import { createEngine } from './store.ts'
import type { Stream } from './stream.ts'
import { threadEvents } from './thread-events.ts'
import { threadJobs } from './thread-jobs.ts'
import type { Thread, ThreadOptions, ThreadSnapshot } from './thread-types.ts'
import type { Timing } from './timing.ts'
import { emptyWindow, isAtTail, lastOf, place } from './window.ts'

export interface ThreadDeps {
  readonly api: Pick<Api, 'messages'>
  readonly stream: Stream
  readonly timing: Timing
}

const TYPING_EVERY_MS = 3_000

/** A thread, which loads its newest messages at once. */
export function createThread(
  deps: ThreadDeps,
  community: string,
  user: string,
  { perPage = 30, keep = Infinity }: ThreadOptions = {},
): Thread {
  const { timing } = deps
  const { list, send, markRead, readMarks, delete: remove, typing } = deps.api.messages
  const window = emptyWindow()
  const show = () => engine.show()
  const face = createFace(user, timing, show)
  const pending = createPending({
    post: (content, key) => send(community, user, content, { key }),
    newKey: () => newKey(timing.random),
    clock: timing.clock,
    show,
    track: (work) => engine.track(work),
  })
  const jobs = threadJobs({
    window,
    perPage,
    keep,
    list: (query, signal) => list(community, user, { ...query, signal }),
    begin() {
      // What was sent before the request is in its answer, if it has not been deleted.
      const sent = pending.sent()
      return (start, messages, total) => {
        place(window, start, messages, total)
        if (isAtTail(window)) pending.done(sent)
        face.state = 'ready'
        face.meet(messages[0])
      }
    },
  })
  const { apply, hide } = threadEvents({ user, window, face, pending, jobs, want: (job) => engine.want(job) })
  const render = (): Omit<ThreadSnapshot, 'loading' | 'error'> => {
    const { start, held, total } = window
    const { state, typing, read, people } = face
    return {
      state,
      typing,
      messages: [...held, ...pending.render(held, window.newest, ...people)],
      total,
      hasOlder: start > 0,
      hasNewer: !isAtTail(window),
      readByOther:
        read === null ? null : { id: read, position: held.find(({ id }) => id === read)?.position ?? null },
    }
  }
  const engine = createEngine<ThreadSnapshot>({
    ...deps,
    community,
    apply,
    render: (loading) => ({ ...loading, ...render() }),
    fresh: () => begin(jobs.whole),
    refused: hide,
  })
  const load = (job: Job) => {
    engine.want(job)
    return engine.store.settled()
  }
  // Until the stream says more.
  const marks: Job = async (signal) => {
    const { other_message_id: read } = await readMarks(community, user, { signal })
    return () => Object.assign(face, { read })
  }
  const begin = (job: Job) => {
    engine.want(job)
    engine.want(marks)
  }
  begin(jobs.latest)
  return {
    ...engine.store,
    loadLatest: () => load(jobs.latest),
    loadOlder: () => load(jobs.older),
    loadNewer: () => load(jobs.next),
    loadAt: (position) => load(jobs.at(position)),
    send: (content, key) => pending.send(content, window.total, key),
    retry: pending.retry,
    discard: pending.discard,
    async delete(id) {
      await remove(community, id)
      const data = { community_id: community, user_id: user, message_id: id } as never
      engine.feed({ id: '', event: 'message.deleted', data })
    },
    async markRead(id = lastOf(window)?.id) {
      if (id) await markRead(community, user, id)
    },
    typing: throttled(timing, () => typing(community, user)),
  }
}

function throttled({ clock }: Timing, work: () => Promise<void>): () => Promise<void> {
  let last = -Infinity
  return async () => {
    if (clock() - last < TYPING_EVERY_MS) return
    last = clock()
    await work().catch(() => {})
  }
}
