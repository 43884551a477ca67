import { randomBytes } from 'node:crypto'

/** Makes the ids of X-Request-Id: random for the process, counted within it. Never the client's own, which could forge the log. */
export function createRequestIds(): () => string {
  const process = randomBytes(6).toString('hex')
  let count = 0
  return () => `${process}-${(++count).toString(36)}`
}
