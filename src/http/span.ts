import type { ThreadQuery } from '../../contract/messages.ts'
import type { Span, ThreadFacts } from '../store/threads.ts'
import { pagingOf } from './paging.ts'
import { uuidOrNull } from './path.ts'

// No message has it: PostgreSQL then finds no anchor, as for the id of a message that is not in the thread.
const NO_MESSAGE = '00000000-0000-0000-0000-000000000000'

/**
 * Which part of a thread the query asks for (CONTRACT §3). `before` and `after` come before `page`.
 * @param faults what the schema found; when there are any, the span is the first page, which is not answered
 */
export function spanOf(
  query: ThreadQuery,
  faults: readonly string[],
): { span: Span; limit: number; faults: readonly string[] } {
  const first: Span = { kind: 'page', page: 1 }
  if (faults.length > 0) return { span: first, limit: 1, faults }
  if (query.before !== undefined && query.after !== undefined) {
    return { span: first, limit: 1, faults: ['Before and after exclude each other'] }
  }
  const { page, limit } = pagingOf({ ...query, page: query.page === 'last' ? '1' : query.page })
  for (const kind of ['before', 'after'] as const) {
    const id = query[kind]
    if (id !== undefined)
      return { span: { kind, messageId: uuidOrNull(id) ?? NO_MESSAGE }, limit, faults: [] }
  }
  return { span: query.page === 'last' ? { kind: 'last' } : { kind: 'page', page }, limit, faults: [] }
}

/** Whether there are more messages in the span's direction. */
export function moreInSpan(span: Span, facts: ThreadFacts): boolean {
  if (facts.first === null || facts.last === null) return false
  return span.kind === 'before' ? facts.first > 1 : facts.last < facts.total
}
