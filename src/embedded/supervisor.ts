import { setTimeout as sleep } from 'node:timers/promises'
import { bringUp, shutDown } from './bring-up.ts'
import { textOf } from './errors.ts'
import type { Postmaster, Site } from './postmaster.ts'

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 4000
const STEADY_MS = 60_000

export interface Supervisor {
  /** Stops the server for good; resolves when it has exited. May be called again. */
  stop(): Promise<void>
}

/**
 * Starts the server again whenever it dies without being told to: at once the first time, then after a wait that doubles
 * up to 4 s, so that Snug serves again within 5 s of the cause being gone; a minute of running forgets the waits.
 */
export function supervise(site: Site, first: Postmaster, log: (line: string) => void): Supervisor {
  const stopping = new AbortController()
  const told = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()))

  async function watch(): Promise<void> {
    let current = first
    let wait = 0
    for (;;) {
      const since = Date.now()
      await Promise.race([current.exited, told])
      if (stopping.signal.aborted) return await shutDown(current, log)
      if (Date.now() - since > STEADY_MS) wait = 0
      log(`PostgreSQL (pid ${current.pid}) has died; starting it again`)
      const next = await again()
      if (!next) return
      current = next
      log(`PostgreSQL is back (pid ${current.pid})`)
    }

    async function again(): Promise<Postmaster | null> {
      while (!stopping.signal.aborted) {
        await sleep(wait, undefined, { ref: false, signal: stopping.signal }).catch(() => {})
        wait = Math.min(Math.max(wait * 2, FIRST_WAIT_MS), LONGEST_WAIT_MS)
        if (stopping.signal.aborted) break
        try {
          return await bringUp(site, log, stopping.signal)
        } catch (error) {
          if (!stopping.signal.aborted) log(textOf(error))
        }
      }
      return null
    }
  }

  const ended = watch()
  return {
    stop() {
      stopping.abort()
      return ended
    },
  }
}
