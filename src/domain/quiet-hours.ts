/** Hours of each day by the user's clock, over midnight when the first is the later one. */
export interface QuietHours {
  /** Minutes since midnight, 0 to 1,439. */
  readonly from: number
  /** Likewise; itself not quiet any more. */
  readonly to: number
}

const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/

/** Reads `HH:MM-HH:MM`, the form of `messages.quiet_hours` (CONTRACT §5). @returns null for anything else */
export function readQuietHours(value: unknown): QuietHours | null {
  const parts = typeof value === 'string' ? HOURS.exec(value) : null
  if (!parts) return null
  const [from, to] = [minutesOf(parts[1], parts[2]), minutesOf(parts[3], parts[4])]
  // Equal ends could mean the whole day as well as no time at all, and whoever guesses wrong is woken or hears nothing.
  return from === to ? null : { from, to }
}

function minutesOf(hour = '', minute = ''): number {
  return Number(hour) * 60 + Number(minute)
}
