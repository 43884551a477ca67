import type { Api } from './api-types.ts'
import { newKey } from './key.ts'
import { iterate } from './lists.ts'
import { type Abortable, type Ask, NEVER, type Request, WHEN_REFUSED } from './request.ts'
import type { Tokens } from './token.ts'

const encode = encodeURIComponent

/** The calls, each one request. */
export function createApi(request: Request, tokens: Tokens, random: () => number): Api {
  const settings = async () => `/api/v2/users/${encode(await tokens.subject())}/settings`
  const device = (id: string) => `/api/v1/devices/${encode(id)}`
  const communities: Api['communities'] = {
    list: (query) => request('/api/v1/communities', pageOf(query)),
    iterate: (query) => iterate(communities.list, query),
    insights: (community, query) => request(communityPath(community, '/insights'), pageOf(query)),
  }
  const conversations: Api['conversations'] = {
    list: (community, query) => request(messagesPath(community, '/conversations'), pageOf(query)),
    iterate: (community, query) => iterate((page) => conversations.list(community, page), query),
  }
  return {
    communities,
    conversations,
    messages: messagesOf(request, random),
    members: membersOf(request),
    devices: {
      list: (query) => request('/api/v1/devices', pageOf(query)),
      register: (id, body, options) => request(device(id), { ...options, method: 'PUT', body }),
      remove: (id, options) => request(device(id), { ...options, method: 'DELETE' }),
    },
    settings: {
      list: async (options) => request(`${await settings()}/notifications`, options),
      set: async (key, value, options) => {
        await request(await settings(), { ...options, method: 'PATCH', body: { setting: { key, value } } })
      },
    },
    push: {
      publicKey: async (options) =>
        (await request<{ public_key: string }>('/api/v1/push/public_key', options)).public_key,
    },
  }
}

function messagesOf(request: Request, random: () => number): Api['messages'] {
  const post = (community: string, rest: string, body: unknown, more: Ask | undefined) =>
    request<never>(messagesPath(community, rest), { ...more, method: 'POST', body })
  const messages: Api['messages'] = {
    list: (community, user, query) => request(messagesPath(community, `/${encode(user)}`), pageOf(query)),
    // Pages, and not `after`: a message's place never changes as long as it is there.
    iterate: (community, user, query) => iterate((page) => messages.list(community, user, page), query),
    send: (community, recipient_id, content, { key = newKey(random), signal } = {}) =>
      post(community, '', { recipient_id, content }, { headers: { 'idempotency-key': key }, signal }),
    delete: async (community, id, options) => {
      const path = messagesPath(community, `/${encode(id)}`)
      await request(path, { ...options, method: 'DELETE' })
    },
    markRead: (community, user, message_id, options) =>
      post(community, `/${encode(user)}/read`, { message_id }, options),
    readMarks: (community, user, options) =>
      request(messagesPath(community, `/${encode(user)}/read`), options),
    typing: (community, user, options) =>
      post(community, `/${encode(user)}/typing`, {}, { ...options, again: NEVER }),
  }
  return messages
}

function membersOf(request: Request): Api['members'] {
  const path = (community: string, rest = '') => communityPath(community, `/members${rest}`)
  const post = (community: string, member: string, verb: string, more: Ask | undefined) =>
    request<never>(path(community, `/${encode(member)}/${verb}`), {
      ...more,
      method: 'POST',
      again: WHEN_REFUSED,
    })
  const members: Api['members'] = {
    list: (community, query) => request(path(community), pageOf(query)),
    iterate: (community, query) => iterate((page) => members.list(community, page), query),
    get: (community, member, options) => request(path(community, `/${encode(member)}`), options),
    block: (community, member, { reason, signal } = {}) =>
      post(community, member, 'block', { body: { reason }, signal }),
    unblock: (community, member, options) => post(community, member, 'unblock', options),
  }
  return members
}

const communityPath = (community: string, rest: string) => `/api/v1/communities/${encode(community)}${rest}`
const messagesPath = (community: string, rest: string) => communityPath(community, `/messages${rest}`)

const pageOf = ({ signal, perPage, ...query }: Abortable & { perPage?: number | undefined } = {}): Ask => ({
  query: { ...query, per_page: perPage },
  signal,
})
