/** The embedded PostgreSQL cannot be used; the first line of `message` says why and what to do. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError'
}

/** The code of a system error such as `ENOENT`, or of a PostgreSQL error such as `57P03`; '' when it has none. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
