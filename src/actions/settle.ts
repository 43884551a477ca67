import { StoreUnavailable } from '../store/errors.ts'

export interface MessagePath {
  readonly callerId: string
  readonly communityId: string
  /** Null: what was given is no UUID. */
  readonly messageId: string | null
}

// Each round again means that somebody else changed the conversation in between, who is then done.
const ROUNDS = 16

/**
 * Reads facts, judges and writes again, until the write meets what its facts said. `attempt` returns null when it did not.
 * @throws {StoreUnavailable} when others were faster too often
 */
export async function untilSettled<T>(attempt: () => Promise<{ readonly value: T } | null>): Promise<T> {
  for (let round = 0; round < ROUNDS; round++) {
    const settled = await attempt()
    if (settled) return settled.value
  }
  throw new StoreUnavailable('the conversation changes too fast')
}
