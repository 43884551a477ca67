import { ERRORS_MAX, type ImportAnswer } from '../../contract/transfer.ts'

type Counts = ImportAnswer['imported']
type Refusal = ImportAnswer['errors'][number]

/** What became of some lines: how many of each kind are new or changed, and which were refused. */
export interface Outcome {
  readonly counts: { -readonly [Kind in keyof Counts]?: number }
  readonly refused: Refusal[]
}

/** Adds up outcomes, in memory that does not grow with them. */
export interface Tally {
  /** Outcomes of later lines come later. */
  add(outcomes: readonly Outcome[]): void
  answer(): ImportAnswer
}

export function createTally(): Tally {
  const imported: Counts = {
    users: 0,
    communities: 0,
    members: 0,
    conversations: 0,
    messages: 0,
    idempotency_keys: 0,
  }
  const errors: Refusal[] = []
  let refused = 0
  return {
    add(outcomes) {
      const refusals = outcomes.flatMap((outcome) => outcome.refused).toSorted((a, b) => a.line - b.line)
      refused += refusals.length
      errors.push(...refusals.slice(0, ERRORS_MAX - errors.length))
      for (const { counts } of outcomes) {
        for (const kind of Object.keys(counts) as (keyof Counts)[]) imported[kind] += counts[kind] ?? 0
      }
    },
    answer: () => ({ imported, refused, errors }),
  }
}
