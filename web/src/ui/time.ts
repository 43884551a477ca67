import { language, words } from '../words/index.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

// To make one takes a phone longer than to draw a row.
const formats = new Map<string, unknown>()

function formatOf<Format, Options>(
  Class: new (language: string, options: Options) => Format,
  options: Options,
): Format {
  const key = `${language} ${Class.name} ${JSON.stringify(options)}`
  const made = (formats.get(key) as Format | undefined) ?? new Class(language, options)
  formats.set(key, made)
  return made
}

const format = (time: number, options: Intl.DateTimeFormatOptions): string =>
  formatOf(Intl.DateTimeFormat, options).format(time)
const inUnits = (value: number, options: Intl.NumberFormatOptions): string =>
  formatOf(Intl.NumberFormat, { style: 'unit', ...options }).format(value)

const startOfDay = (time: number) => new Date(time).setHours(0, 0, 0, 0)
const daysBetween = (from: number, to: number) => Math.round((startOfDay(to) - startOfDay(from)) / DAY)

/** Short, for a list: "now", "2m", "14:05", "Tue", "12 Nov", "12 Nov 2024". */
export function shortTime(iso: string, now = Date.now()): string {
  const time = Date.parse(iso)
  const age = now - time
  if (age < HOUR) {
    const minutes = Math.max(0, Math.floor(age / MINUTE))
    return minutes === 0
      ? formatOf(Intl.RelativeTimeFormat, { numeric: 'auto' }).format(0, 'second')
      : inUnits(minutes, { unit: 'minute', unitDisplay: 'narrow' })
  }
  const days = daysBetween(time, now)
  if (days === 0) return clockTime(iso)
  if (days < 7) return format(time, { weekday: 'short' })
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear()
  return format(time, { day: 'numeric', month: 'short', ...(!sameYear && { year: 'numeric' }) })
}

/** "14:05". */
export const clockTime = (iso: string): string =>
  format(Date.parse(iso), { hour: '2-digit', minute: '2-digit' })

/** "Today", "Yesterday", "Tuesday, 12 November". */
export function dayName(iso: string, now = Date.now()): string {
  const time = Date.parse(iso)
  const days = daysBetween(time, now)
  if (days === 0) return words.today
  if (days === 1) return words.yesterday
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear()
  return format(time, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(!sameYear && { year: 'numeric' }),
  })
}

export const isSameDay = (a: string, b: string): boolean =>
  startOfDay(Date.parse(a)) === startOfDay(Date.parse(b))
export const fullTime = (iso: string): string =>
  format(Date.parse(iso), { dateStyle: 'full', timeStyle: 'short' })
export const dateOf = (iso: string): string => format(Date.parse(iso), { dateStyle: 'medium' })

/** "3 h", "12 min", in the largest unit that is at least one. */
export function spanOf(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ] as const
  const [unit, size] = units.find(([, one]) => seconds >= one) ?? (['second', 1] as const)
  return inUnits(seconds / size, { unit, unitDisplay: 'short', maximumFractionDigits: 1 })
}

/** "12 Nov", of a day without a time: the same in every time zone. */
export const dayOf = (day: string): string =>
  format(Date.parse(day), { day: 'numeric', month: 'short', timeZone: 'UTC' })
