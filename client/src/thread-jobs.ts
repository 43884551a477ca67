import { InvalidError } from './errors.ts'
import { PER_PAGE_MAX } from './lists.ts'
import type { Job } from './queue.ts'
import type { Message, MessageList } from './types.ts'
import { endOf, isAtTail, lastOf, place, type Window } from './window.ts'

export interface ThreadJobsDeps {
  readonly window: Window
  readonly perPage: number
  readonly keep: number
  readonly list: (query: object, signal: AbortSignal) => Promise<MessageList>
  /** Called when a request begins. @returns takes its answer, which begins the window anew */
  readonly begin: () => (start: number, messages: readonly Message[], total: number) => void
}

// A longer window than this is not fetched again as a whole: what is shown goes back to the newest.
const WINDOW_MAX = 500

/** A message by which was asked may have been deleted meanwhile. */
const orElse =
  (job: Job, next: () => Job): Job =>
  (signal) =>
    job(signal).catch((error) => {
      if (error instanceof InvalidError) return next()(signal)
      throw error
    })

/** What a thread fetches. */
export function threadJobs({ window, perPage, keep, list, begin }: ThreadJobsDeps) {
  const latest: Job = orElse(
    async (signal) => {
      const put = begin()
      const { data, total } = await list({ page: 'last', perPage }, signal)
      const start = total - data.length
      // The last page may hold a single message.
      const lacking = Math.min(perPage - data.length, start)
      const before = lacking > 0 ? (await list({ before: data[0]?.id, perPage: lacking }, signal)).data : []
      return () => put(start - before.length, [...before, ...data], total)
    },
    () => latest,
  )

  /** Everything that is held, again. */
  const whole: Job = async (signal) => {
    const { start, held } = window
    if (held.length === 0 || held.length > WINDOW_MAX) return latest(signal)
    const put = begin()
    const to = isAtTail(window) ? Infinity : endOf(window)
    const messages: Message[] = []
    for (let page = Math.floor(start / PER_PAGE_MAX); ; page++) {
      const { data, has_more, total } = await list({ page: page + 1, perPage: PER_PAGE_MAX }, signal)
      const first = page * PER_PAGE_MAX
      messages.push(...data.slice(Math.max(0, start - first), to - first))
      if (has_more && first + PER_PAGE_MAX < to) continue
      return messages.length > 0 ? () => put(start, messages, total) : latest(signal)
    }
  }

  const older: Job = orElse(
    async (signal) => {
      const first = window.held[0]
      if (!first || window.start === 0) return () => {}
      const { data } = await list({ before: first.id, perPage }, signal)
      return () =>
        place(window, window.start - data.length, [...data, ...window.held].slice(0, keep), window.total)
    },
    () => whole,
  )

  const after = (size: number, most: number): Job =>
    orElse(
      async (signal) => {
        const data: Message[] = []
        for (;;) {
          const last = (data.at(-1) ?? lastOf(window))?.id
          if (!last) return latest(signal)
          const answer = await list({ after: last, perPage: size }, signal)
          data.push(...answer.data)
          if (answer.has_more && data.length < most) continue
          return () => {
            const all = [...window.held, ...data]
            const kept = all.slice(-keep)
            place(window, window.start + all.length - kept.length, kept, answer.total)
          }
        }
      },
      () => whole,
    )

  const at = (position: number): Job => {
    const page = Math.ceil(position / perPage)
    return async (signal) => {
      const put = begin()
      const { data, total } = await list({ page, perPage }, signal)
      return data[0] ? () => put((page - 1) * perPage, data, total) : latest(signal)
    }
  }

  return { latest, whole, older, at, next: after(perPage, 0), newer: after(PER_PAGE_MAX, WINDOW_MAX) }
}
