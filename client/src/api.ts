import type { Api, Paged } from './api-types.ts'
import { newKey } from './key.ts'
import { iterate } from './lists.ts'
import type { Request } from './request.ts'
import type { Tokens } from './token.ts'
import type { Device } from './types.ts'

const encode = encodeURIComponent
const DEVICES = '/api/v1/devices'

/** The calls, each one request. */
export function createApi(request: Request, tokens: Tokens, random: () => number): Api {
  const settings = async () => `/api/v2/users/${encode(await tokens.subject())}/settings`
  const communities: Api['communities'] = {
    list: (query = {}) => request('/api/v1/communities', pageOf(query)),
    iterate: (query) => iterate((paging) => communities.list({ ...paging, ...query })),
  }
  const conversations: Api['conversations'] = {
    list: (community, { filter, q, ...paging } = {}) =>
      request(messagesPath(community, '/conversations'), pageOf(paging, { filter, q })),
    iterate: (community, query) =>
      iterate((paging) => conversations.list(community, { ...paging, ...query })),
  }
  const members = membersOf(request)
  const devices: Api['devices'] = {
    list: (query = {}) => request(DEVICES, pageOf(query)),
    register: (id, body, { signal } = {}) =>
      request<Device>(`${DEVICES}/${encode(id)}`, { method: 'PUT', body, signal }),
    remove: (id, { signal } = {}) => request(`${DEVICES}/${encode(id)}`, { method: 'DELETE', signal }),
  }
  return {
    communities,
    conversations,
    messages: messagesOf(request, random),
    members,
    devices,
    settings: {
      list: async ({ signal } = {}) => request(`${await settings()}/notifications`, { signal }),
      set: async (key, value, { signal } = {}) => {
        const body = { setting: { key, value, category: 'notifications' } }
        await request(await settings(), { method: 'PATCH', body, signal })
      },
    },
    push: {
      publicKey: async ({ signal } = {}) =>
        (await request<{ public_key: string }>('/api/v1/push/public_key', { signal })).public_key,
    },
  }
}

function messagesOf(request: Request, random: () => number): Api['messages'] {
  const post = (community: string, rest: string, body: unknown, more: object) =>
    request<never>(messagesPath(community, rest), { method: 'POST', body, ...more })
  const messages: Api['messages'] = {
    list: (community, user, { before, after, ...paging } = {}) =>
      request(messagesPath(community, `/${encode(user)}`), pageOf(paging, { before, after })),
    // Pages, and not `after`: a message's place never changes as long as it is there.
    iterate: (community, user, query) =>
      iterate((paging) => messages.list(community, user, { ...paging, ...query })),
    send: (community, recipient_id, content, { key = newKey(random), signal } = {}) =>
      post(community, '', { recipient_id, content }, { headers: { 'idempotency-key': key }, signal }),
    delete: async (community, id, { signal } = {}) => {
      await request(messagesPath(community, `/${encode(id)}`), { method: 'DELETE', signal, goneIsDone: true })
    },
    markRead: (community, user, message_id, { signal } = {}) =>
      post(community, `/${encode(user)}/read`, { message_id }, { signal }),
    typing: (community, user, { signal } = {}) =>
      post(community, `/${encode(user)}/typing`, {}, { signal, again: 'never' }),
  }
  return messages
}

function membersOf(request: Request): Api['members'] {
  const path = (community: string, rest = '') => `/api/v1/communities/${encode(community)}/members${rest}`
  const post = (community: string, member: string, verb: string, more: object) =>
    request<never>(path(community, `/${encode(member)}/${verb}`), {
      method: 'POST',
      again: 'refused',
      ...more,
    })
  const members: Api['members'] = {
    list: (community, { status, search, ...paging } = {}) =>
      request(path(community), pageOf(paging, { status, search })),
    iterate: (community, query) => iterate((paging) => members.list(community, { ...paging, ...query })),
    get: (community, member, { signal } = {}) => request(path(community, `/${encode(member)}`), { signal }),
    block: (community, member, { reason, signal } = {}) =>
      post(community, member, 'block', { body: { reason }, signal }),
    unblock: (community, member, { signal } = {}) => post(community, member, 'unblock', { signal }),
  }
  return members
}

const messagesPath = (community: string, rest: string) =>
  `/api/v1/communities/${encode(community)}/messages${rest}`

function pageOf(
  { page, perPage, signal }: Omit<Paged, 'page'> & { page?: number | 'last' | undefined },
  more: Record<string, string | undefined> = {},
) {
  return { query: { page, per_page: perPage, ...more }, signal }
}
