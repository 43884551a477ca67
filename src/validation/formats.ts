/** The formats that the contract's schemas name beyond JSON Schema's own. */
export const formats = {
  /** PostgreSQL cannot hold U+0000, and half a surrogate pair is no text in UTF-8. */
  text: (value: string) => !value.includes('\0') && value.isWellFormed(),
  /** One @ with something on both sides and nothing that could start a header of its own. */
  'email-address': (value: string) => /^[^\s@<>,;:"\\()[\]\p{Cc}]+@[^\s@<>,;:"\\()[\]\p{Cc}]+$/u.test(value),
  'web-url': (value: string) =>
    /^https?:\/\//i.test(value) && URL.canParse(value) && !/[\s\p{Cc}<>"]/u.test(value),
  'time-zone': isTimeZone,
  moment: isMoment,
}

function isTimeZone(value: string): boolean {
  try {
    // Offsets such as +01:00 are known to Intl too, but have no summer time.
    return (
      /^[A-Za-z]/.test(value) &&
      new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== ''
    )
  } catch {
    return false
  }
}

const MOMENT =
  /^([1-8]\d{3})-(0[1-9]|1[0-2])-([0-2]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-](0\d|1[0-5]):[0-5]\d)$/

// Not Date.parse, which takes the 30th of February for the 1st of March, and years and offsets that PostgreSQL refuses. An import
// asks this of every message.
function isMoment(value: string): boolean {
  const parts = MOMENT.exec(value)
  if (parts === null) return false
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  return day >= 1 && (day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate())
}
