import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../store/db.ts'
import { buryWorkers, joinWorkers, leaveWorkers, renewLease } from '../store/workers.ts'

/**
 * A worker's lease: while it runs, what the worker has claimed is nobody else's. A worker that is killed lets it pass, and
 * another frees what it held; one that was only held up must notice by its own clock, and sends nothing after that.
 */
export interface Lease {
  /** The worker's key, under which it claims; null while it has no lease. */
  key(): number | null
  /**
   * Gives the lease up for another one: something was claimed, or has to be recorded, of which this worker has lost track. It is
   * free again when the old one has run out.
   */
  renounce(): void
  stop(): Promise<void>
}

const LEASE_MS = 15_000
const RENEW_MS = 3_000
// An exchange with a service is begun only when the lease runs on for a while; what takes longer than that may come twice.
const MARGIN_MS = 4_000
// Others' leases are looked at by who has had their own for a while: when the database comes back, all get the time to renew theirs
// and to record what they had sent meanwhile.
const PATIENCE = 3

/**
 * @param changed is called when the lease is there (again), and when it is another: then nothing that was claimed before is ours
 */
export function holdLease(deps: {
  readonly db: Db
  readonly log: (line: string) => void
  readonly changed: (key: number) => void
}): Lease {
  const { db, log, changed } = deps
  const stopping = new AbortController()
  let key: number | null = null
  let until = 0
  let renewals = 0

  const round = async () => {
    const asked = performance.now()
    const mine = key
    const renewed = mine !== null && (await renewLease(db, mine, LEASE_MS))
    // Renounced in the meantime: the next round takes another one.
    if (renewed && key === null) return
    if (!renewed) {
      if (mine !== null)
        log('notifications: this worker had been taken for dead; what it had claimed is others’ now')
      key = await joinWorkers(db, LEASE_MS)
      renewals = 0
    }
    until = asked + LEASE_MS - MARGIN_MS
    changed(key as number)
    if (++renewals <= PATIENCE) return
    const freed = await buryWorkers(db, key as number)
    if (freed > 0) log(`notifications: ${freed} that a dead worker had claimed are free again`)
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      await round().catch((error) => {
        if (renewals > 0) log(`notifications: the lease cannot be renewed: ${error.message}`)
        renewals = 0
      })
      await sleep(RENEW_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
    }
  }
  const running = run()
  return {
    key: () => (performance.now() < until ? key : null),
    renounce() {
      key = null
    },
    async stop() {
      stopping.abort()
      await running
      // Whoever cannot say good-bye is taken for dead a little later.
      if (key !== null) await leaveWorkers(db, key).catch(() => {})
    },
  }
}
