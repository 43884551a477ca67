import { setTimeout as sleep } from 'node:timers/promises'
import { stateOf } from './connect.ts'
import { EmbeddedError } from './errors.ts'
import { adopt, hasOurArguments, launch, type Postmaster, recordedPid, type Site } from './postmaster.ts'
import { isAlive, isServerOf } from './process.ts'

const POLL_MS = 15
/** For a recovery, which logs a line for each attempt. */
const SLOW_POLL_MS = 250
const SILENT_MS = 30_000
const CONFLICT_MS = 10_000
const TELL_MS = 5000
const STOP_MS = 60_000

/** What PostgreSQL says while processes of a server that has just died are still ending. */
const CONFLICT = /pre-existing shared memory block|lock file ".*" already exists/

/**
 * Has a server run on the cluster and returns it when it takes connections: the one that a killed Snug left, if there
 * is one, or else a new one. Called with the lock held, so a running server has no other Snug.
 * @throws {EmbeddedError} when it does not come up: it ends, is silent for 30 s, or something else holds the cluster.
 * A server that recovers after a crash is waited for without limit.
 */
export async function bringUp(
  site: Site,
  log: (line: string) => void,
  stopping?: AbortSignal,
): Promise<Postmaster> {
  const conflictEnds = Date.now() + CONFLICT_MS
  for (;;) {
    if (stopping?.aborted) throw new EmbeddedError('Snug is stopping')
    const start = site.logFile.end()
    const postmaster = await running(site, log, conflictEnds)
    if (await comesUp(site, postmaster, log, start, stopping)) {
      if (!postmaster.adopted) return postmaster
      if (hasOurArguments(site)) {
        log(`Took on the PostgreSQL that was left running (pid ${postmaster.pid})`)
        return postmaster
      }
      log(
        `The PostgreSQL that was left running (pid ${postmaster.pid}) has other settings; starting it again`,
      )
      await shutDown(postmaster, log)
    } else if (!postmaster.adopted) {
      const said = site.logFile.since(start)
      if (!CONFLICT.test(said) || Date.now() > conflictEnds) throw failed(site, 'ended while starting', said)
    }
    await sleep(POLL_MS)
  }
}

/** Ends sessions, writes everything and stops; one that hangs for a minute is ended at once and recovers when started. */
export async function shutDown(postmaster: Postmaster, log: (line: string) => void): Promise<void> {
  const hurry = setTimeout(() => {
    log('PostgreSQL has not stopped within a minute; ending it at once, the next start recovers')
    postmaster.signal('SIGQUIT')
  }, STOP_MS)
  postmaster.signal('SIGINT')
  await postmaster.exited
  clearTimeout(hurry)
}

async function running(site: Site, log: (line: string) => void, conflictEnds: number): Promise<Postmaster> {
  for (;;) {
    const pid = recordedPid(site)
    if (pid !== null && isServerOf(pid, site.folder)) return adopt(site, pid)
    // A server in another container that shares the folder: its pid means nothing here, but its socket answers.
    if ((await stateOf(site.host)) === 'down') {
      if (pid !== null && isAlive(pid))
        log(`postmaster.pid holds ${pid}, which is another program by now; passing over it`)
      return launch(site, pid)
    }
    if (Date.now() > conflictEnds) {
      throw new EmbeddedError(
        `A PostgreSQL that is not visible from here, perhaps in another container, runs on ${site.folder}: stop it, or set SNUG_DATA_DIR to another folder`,
      )
    }
    await sleep(POLL_MS)
  }
}

/** True when it takes connections, false when it has exited. */
async function comesUp(
  site: Site,
  postmaster: Postmaster,
  log: (line: string) => void,
  start: number,
  stopping?: AbortSignal,
): Promise<boolean> {
  const began = Date.now()
  let silentSince = began
  let tellAt = began + TELL_MS
  let refusal: unknown
  while (postmaster.isRunning()) {
    if (stopping?.aborted) {
      await shutDown(postmaster, log)
      return false
    }
    const state = await stateOf(site.host).catch((error) => {
      refusal = error
      return null
    })
    if (state === 'up') return true
    if (state === 'starting') silentSince = Date.now()
    if (state === null || Date.now() - silentSince > SILENT_MS) {
      if (!postmaster.adopted) {
        postmaster.signal('SIGQUIT')
        await postmaster.exited
      }
      throw refusal ?? failed(site, `(pid ${postmaster.pid}) does not answer`, site.logFile.since(start))
    }
    if (Date.now() > tellAt) {
      log('PostgreSQL is still starting, which takes a while after a crash; waiting for it')
      tellAt = Date.now() + SILENT_MS
    }
    await sleep(Date.now() - began < 1000 ? POLL_MS : SLOW_POLL_MS)
  }
  return false
}

function failed(site: Site, what: string, said: string): EmbeddedError {
  return new EmbeddedError(
    `PostgreSQL ${what}: look into ${site.logFile.path} for the cause. Its last lines:\n${said}`,
  )
}
