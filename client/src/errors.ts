/** Every refusal and failure. `messages` are the server's words, one for each fault (CONTRACT §1). */
export class SnugError extends Error {
  override name = 'SnugError'
  /** The answer's status; 0 when there was no answer. */
  declare readonly status: number
  declare readonly messages: string[]
  /** By which the server's log tells of it; null when the answer had none. */
  declare readonly requestId: string | null
  /** How many seconds the server asks to wait; 0 when it does not say. */
  declare readonly retryAfter: number

  constructor(
    status: number,
    messages: string[],
    requestId: string | null,
    retryAfter: number,
    cause?: unknown,
  ) {
    super(messages.join('; '), { cause })
    Object.assign(this, { status, messages, requestId, retryAfter })
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
  429: RateLimitError,
}

/** The error that an answer is. Reads its body, which may be anything. */
export async function errorOf(response: Response): Promise<SnugError> {
  const { status, headers } = response
  const body = (await response.json().catch(() => null)) as { message?: unknown; error?: unknown } | null
  const words = body?.message ?? body?.error ?? `HTTP ${status}`
  const messages = [words].flat().map(String)
  const requestId = headers.get('x-request-id')
  const Class = CLASSES[status] ?? (status > 499 ? ServerError : InvalidError)
  return new Class(status, messages, requestId, secondsOf(response))
}

/** The error that a missing answer is. */
export const noAnswer = (cause: unknown, words = 'No answer'): ConnectionError =>
  new ConnectionError(0, [words], null, 0, cause)

/** What `Retry-After` asks for, in seconds; 0 where it is missing or a date. */
export const secondsOf = (response: Response): number => Number(response.headers.get('retry-after')) || 0
