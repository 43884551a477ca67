/** Somebody of a community, as far as an imported message asks. */
export interface HistoricPerson {
  readonly key: number
  /** Is or was the creator. */
  readonly leads: boolean
  /** Has a membership of whatever status: history is history. */
  readonly isMember: boolean
}

/**
 * Whether the one may have written to the other: members never write to members (CONTRACT §2), and the creator may be one
 * of before.
 */
export function mayHaveWritten(sender: HistoricPerson, recipient: HistoricPerson): boolean {
  const belongs = (person: HistoricPerson) => person.leads || person.isMember
  return (
    sender.key !== recipient.key && (sender.leads || recipient.leads) && belongs(sender) && belongs(recipient)
  )
}
