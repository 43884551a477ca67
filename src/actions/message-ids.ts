import { randomFillSync } from 'node:crypto'

/** Makes UUIDv7, each greater than all that it made or was shown before. */
export interface IdMaker {
  /** @param now Unix milliseconds */
  next(now: number): string
  /** Shows an id of another server's, so that what is made afterwards is greater. @param now Unix milliseconds */
  observe(id: string, now: number): void
}

// A server whose clock runs ahead must not pull the ids of all others along without an end.
const FURTHEST_AHEAD_MS = 48 * 3_600_000
const COUNTER_MAX = 0xfff

/**
 * Ids in the order of a conversation although clocks differ and jump: a hybrid logical clock. The 48-bit time never goes
 * back within a process, the 12 bits after the version count within a millisecond, and the ids that a send finds in the
 * database are observed before its own is made. The last 62 bits are random.
 */
export function createIdMaker(): IdMaker {
  let time = 0
  let counter = 0
  const pool = new Uint8Array(8 * 512)
  let at = pool.length
  return {
    next(now) {
      if (now > time) {
        time = now
        counter = 0
      } else if (++counter > COUNTER_MAX) {
        time++
        counter = 0
      }
      if (at === pool.length) {
        randomFillSync(pool)
        at = 0
      }
      at += 8
      return format(time, counter, pool, at - 8)
    },
    observe(id, now) {
      const seen = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
      const seenCounter = Number.parseInt(id.slice(15, 18), 16)
      // Only UUIDv7 carry a time; the import takes any UUID. What is no number compares as false.
      if (id[14] !== '7' || !(seen >= time && seen <= now + FURTHEST_AHEAD_MS && seenCounter >= 0)) return
      counter = seen > time ? seenCounter : Math.max(counter, seenCounter)
      time = seen
    },
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** An id that none is observed to be greater than. @param now Unix milliseconds */
export function furthestId(now: number): string {
  const t = (now + FURTHEST_AHEAD_MS).toString(16).padStart(12, '0')
  return `${t.slice(0, 8)}-${t.slice(8)}-7fff-bfff-ffffffffffff`
}

/** An id that none made since then is less than. @param time Unix milliseconds */
export function lowestId(time: number): string {
  const t = Math.max(0, time).toString(16).padStart(12, '0')
  return `${t.slice(0, 8)}-${t.slice(8)}-7000-8000-000000000000`
}

function format(time: number, counter: number, random: Uint8Array, at: number): string {
  const t = time.toString(16).padStart(12, '0')
  const c = counter.toString(16).padStart(3, '0')
  const r = (i: number) => HEX[random[at + i] as number] as string
  const variant = HEX[((random[at] as number) & 0x3f) | 0x80] as string
  return `${t.slice(0, 8)}-${t.slice(8)}-7${c}-${variant}${r(1)}-${r(2)}${r(3)}${r(4)}${r(5)}${r(6)}${r(7)}`
}
