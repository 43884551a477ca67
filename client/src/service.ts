import { NotFoundError } from './errors.ts'
import { linesOf, streamOf } from './ndjson.ts'
import { type Abortable, createRequest, NEVER, type Request, WHEN_REFUSED } from './request.ts'
import type {
  CommunityBody,
  ImportAnswer,
  MemberBody,
  NotificationsOfMessage,
  ServiceCommunity,
  ServiceUser,
  TokenAnswer,
  TransferLine,
  UserBody,
} from './service-types.ts'
import { platformTiming, type Timing } from './timing.ts'
import type { BlockBody, Insights, Member } from './types.ts'

export {
  ConflictError,
  ConnectionError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
  RateLimitError,
  ServerError,
  SnugError,
  UnauthorizedError,
} from './errors.ts'
export type { Abortable } from './request.ts'
export type * from './service-types.ts'
export type { Timers, Timing } from './timing.ts'
export type { BlockBody, Insights, Member } from './types.ts'

export interface ServiceOptions extends Partial<Timing> {
  /** Of the server. */
  url: string
  /** The service key. It opens everything: it stays on the host's own servers. */
  key: string
  fetch?: typeof fetch | undefined
}

const BASE = '/service/v1'
const encode = encodeURIComponent

/**
 * What the host platform tells and asks: CONTRACT §7. PUTs are tried again until there is an answer, since telling twice is the
 * same as once. Everything rejects with a `SnugError` or with the signal's reason.
 */
export class SnugService {
  readonly #request: Request

  constructor({ url, key, fetch: call, ...given }: ServiceOptions) {
    this.#request = createRequest({
      url: url.replace(/\/+$/, ''),
      fetch: call ?? ((...args: Parameters<typeof fetch>) => fetch(...args)),
      tokens: { get: async () => key, refuse: () => false },
      timing: { ...platformTiming, ...given },
    })
  }

  readonly users = {
    /** Tells of a user, or of what has changed about one. */
    put: (id: string, body: UserBody, options?: Abortable): Promise<ServiceUser> =>
      this.#put(`/users/${encode(id)}`, body, options),
    /** Erases the person, for good. One who is erased already, or was never told of: `NotFoundError`. */
    delete: async (id: string, { signal }: Abortable = {}): Promise<void> => {
      await this.#request(`${BASE}/users/${encode(id)}`, { method: 'DELETE', signal })
    },
  }

  readonly communities = {
    /** Tells of a community. Another creator than before takes it over. */
    put: (id: string, body: CommunityBody, options?: Abortable): Promise<ServiceCommunity> =>
      this.#put(`/communities/${encode(id)}`, body, options),
    /** How the creator's conversations go. @param query days and weeks are of `time_zone`, an IANA name; default UTC */
    insights: (
      id: string,
      { signal, ...query }: { time_zone?: string | undefined } & Abortable = {},
    ): Promise<Insights> => this.#request(`${BASE}/communities/${encode(id)}/insights`, { query, signal }),
  }

  readonly members = {
    /** Tells of a membership. */
    put: (community: string, user: string, body: MemberBody, options?: Abortable): Promise<Member> =>
      this.#put(memberPath(community, user), body, options),
    /** Not tried again when no answer came: it may have been done. */
    block: (
      community: string,
      user: string,
      { reason, signal }: BlockBody & Abortable = {},
    ): Promise<Member> => this.#post(`${memberPath(community, user)}/block`, { reason }, { signal }),
    /** Not tried again when no answer came: it may have been done. */
    unblock: (community: string, user: string, options?: Abortable): Promise<Member> =>
      this.#post(`${memberPath(community, user)}/unblock`, {}, options),
  }

  readonly tokens = {
    /** Makes a token for a user. @param options.expiresIn seconds, 1 to 86,400; the server's default is 3,600 */
    create: (
      user_id: string,
      { expiresIn, signal }: Abortable & { expiresIn?: number | undefined } = {},
    ): Promise<TokenAnswer> =>
      this.#request(`${BASE}/tokens`, { method: 'POST', body: { user_id, expires_in: expiresIn }, signal }),
  }

  readonly notifications = {
    /** What became of a message's email and push. @returns null where nothing is known, as of one that is 30 days old */
    of: (messageId: string, { signal }: Abortable = {}): Promise<NotificationsOfMessage | null> =>
      this.#request<NotificationsOfMessage>(`${BASE}/notifications`, {
        query: { message_id: messageId },
        signal,
      }).catch((error) => {
        if (error instanceof NotFoundError) return null
        throw error
      }),
  }

  /**
   * Imports lines in their order, streamed where the platform's fetch can. Not tried again by itself, since the lines may be
   * there only once; importing the same again changes nothing.
   */
  async import(
    lines: Iterable<TransferLine> | AsyncIterable<TransferLine>,
    { signal }: Abortable = {},
  ): Promise<ImportAnswer> {
    const body = await streamOf(lines)
    return this.#request(`${BASE}/import`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      init: { body, duplex: 'half' },
      again: NEVER,
      streamed: true,
      signal,
    })
  }

  /** Exports one community and its people, or everything, as of one moment. @throws {ConnectionError} when it is cut off */
  async *export({
    communityId,
    signal,
  }: Abortable & { communityId?: string | undefined } = {}): AsyncIterableIterator<TransferLine> {
    const response = await this.#request<Response>(`${BASE}/export`, {
      query: { community_id: communityId },
      signal,
      streamed: true,
      read: (answer) => answer,
    })
    yield* linesOf<TransferLine>(response, signal)
  }

  #put<T>(path: string, body: unknown, { signal }: Abortable = {}): Promise<T> {
    return this.#request(BASE + path, { method: 'PUT', body, signal })
  }

  #post<T>(path: string, body: unknown, { signal }: Abortable = {}): Promise<T> {
    return this.#request(BASE + path, { method: 'POST', body, again: WHEN_REFUSED, signal })
  }
}

const memberPath = (community: string, user: string) =>
  `/communities/${encode(community)}/members/${encode(user)}`
