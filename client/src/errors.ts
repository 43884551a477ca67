/** Every refusal and failure. `messages` are the server's words, one for each fault (CONTRACT §1). */
export class SnugError extends Error {
  override name = 'SnugError'
  /** The answer's status; 0 when there was no answer. */
  readonly status: number
  readonly messages: string[]
  /** By which the server's log tells of it; null when the answer had none. */
  readonly requestId: string | null

  constructor(status: number, messages: string[], requestId: string | null = null, options?: ErrorOptions) {
    super(messages.join('; '), options)
    this.status = status
    this.messages = messages
    this.requestId = requestId
  }
}

/** 401, also with a fresh token. */
export class UnauthorizedError extends SnugError {
  override name = 'UnauthorizedError'
}

/** 403. */
export class ForbiddenError extends SnugError {
  override name = 'ForbiddenError'
}

/** 404. */
export class NotFoundError extends SnugError {
  override name = 'NotFoundError'
}

/** 409: the idempotency key was used for another message, or its message has been deleted since. */
export class ConflictError extends SnugError {
  override name = 'ConflictError'
}

/** 400, 413, 422 and any other 4xx: what was asked for is not valid. */
export class InvalidError extends SnugError {
  override name = 'InvalidError'
}

/** 429. */
export class RateLimitError extends SnugError {
  override name = 'RateLimitError'
  /** Seconds to wait. */
  retryAfter = 0
}

/** 5xx. Whether it was done is unknown, as with `ConnectionError`. */
export class ServerError extends SnugError {
  override name = 'ServerError'
}

/** No answer, or none that can be read: whether it was done is unknown. A send may be tried again with its key. */
export class ConnectionError extends SnugError {
  override name = 'ConnectionError'
}

const CLASSES: Readonly<Record<number, typeof SnugError>> = {
  401: UnauthorizedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
}

/** The error that an answer is. Reads its body, which may be anything. */
export async function errorOf(response: Response): Promise<SnugError> {
  const { status, headers } = response
  const body = (await response.json().catch(() => null)) as { message?: unknown; error?: unknown } | null
  const words = body?.message ?? body?.error ?? `HTTP ${status}`
  const messages = [words].flat().map(String)
  const requestId = headers.get('x-request-id')
  if (status === 429) {
    const error = new RateLimitError(status, messages, requestId)
    error.retryAfter = secondsOf(response)
    return error
  }
  const Class = CLASSES[status] ?? (status > 499 ? ServerError : InvalidError)
  return new Class(status, messages, requestId)
}

/** What `Retry-After` asks for, in seconds; 0 where it is missing or a date. */
export const secondsOf = (response: Response): number => Number(response.headers.get('retry-after')) || 0
