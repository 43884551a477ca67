/** Steps, in the order in which a message goes through them. */
export const STEPS = [
  // Committed, and neither answered nor told to anybody.
  'after sends.write',
  'before outbox.take',
  'after outbox.take',
  'after outbox.keep_batch',
  // Where the database is the bus: told, if it is committed.
  'after outbox.notify',
  // With NATS: told to the others, and not recorded.
  'before commit',
  // Recorded, and whatever comes after it not done.
  'after commit',
] as const
export type StepName = (typeof STEPS)[number]
