import type { TestSnug } from '../kit.ts'
import type { Call, Told } from './state.ts'
import { avatarOf } from './views.ts'

type Of<Name extends Call['do']> = Extract<Call, { do: Name }>

/** Makes the call of a server. Answers that hold more than the model knows are reduced to what it does. */
export async function perform(snug: TestSnug, call: Call): Promise<Told> {
  const { status, body, headers } = await request(snug, call)
  return {
    status,
    body: status < 300 ? reduce(call, body) : body,
    replayed: headers['idempotent-replayed'] === 'true',
  }
}

function reduce(call: Call, body: Told['body']): Told['body'] {
  if (call.do === 'members') return { total: body.total, counts: body.counts }
  if (call.do === 'block' || call.do === 'unblock' || call.do === 'member')
    return { user: body.user.id, status: body.status, is_blocked: body.is_blocked }
  return body
}

function request(snug: TestSnug, call: Call): ReturnType<TestSnug['call']> {
  switch (call.do) {
    case 'member':
      return snug.call('PUT', `/service/v1/communities/${call.c}/members/${call.who}`, {
        service: true,
        body: { status: call.status },
      })
    case 'creator':
      return snug.call('PUT', `/service/v1/communities/${call.c}`, {
        service: true,
        body: { name: `Club ${call.c}`, creator_id: call.who },
      })
    case 'erase':
      return snug.call('DELETE', `/service/v1/users/${call.who}`, { service: true })
    case 'tell':
      return snug.call('PUT', `/service/v1/users/${call.who}`, {
        service: true,
        body: { username: call.name, avatar_url: avatarOf(call.name) },
      })
    case 'block':
    case 'unblock':
      return call.by === null
        ? snug.call('POST', `/service/v1/communities/${call.c}/members/${call.who}/${call.do}`, {
            service: true,
          })
        : snug.call('POST', `/api/v1/communities/${call.c}/members/${call.who}/${call.do}`, { as: call.by })
    case 'communities':
      return snug.call('GET', `/api/v1/communities?page=${call.page}&per_page=${call.size}`, { as: call.by })
    case 'members':
      return snug.call('GET', `/api/v1/communities/${call.c}/members?status=${call.status}`, { as: call.by })
    default:
      return messageRequest(snug, call)
  }
}

function messageRequest(
  snug: TestSnug,
  call: Of<'send' | 'delete' | 'read' | 'list' | 'thread'>,
): ReturnType<TestSnug['call']> {
  const base = `/api/v1/communities/${call.c}/messages`
  const as = call.by
  switch (call.do) {
    case 'send': {
      const headers: Record<string, string> = call.key === null ? {} : { 'idempotency-key': call.key }
      return snug.call('POST', base, { as, headers, body: { recipient_id: call.to, content: call.content } })
    }
    case 'delete':
      return snug.call('DELETE', `${base}/${call.message}`, { as })
    case 'read':
      return snug.call('POST', `${base}/${call.with}/read`, { as, body: { message_id: call.message } })
    case 'list': {
      const query = new URLSearchParams({ page: String(call.page), per_page: String(call.size) })
      if (call.filter !== null) query.set('filter', call.filter)
      if (call.q !== null) query.set('q', call.q)
      return snug.call('GET', `${base}/conversations?${query}`, { as })
    }
    case 'thread': {
      const query = new URLSearchParams({ per_page: String(call.size) })
      for (const [name, value] of Object.entries(call.part)) query.set(name, String(value))
      return snug.call('GET', `${base}/${call.with}?${query}`, { as })
    }
  }
}
