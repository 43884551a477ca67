import { lchownSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, EmbeddedError } from './errors.ts'

/** An operating system user that PostgreSQL runs as. */
export interface Account {
  readonly uid: number
  readonly gid: number
  readonly name: string
}

/** `nobody` comes last: other services may share it, and whoever shares the account can read the data. */
const PREFERRED = ['postgres', '_postgres', 'nobody']

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/**
 * Who runs PostgreSQL, which refuses to run as root. null: Snug's own user. As root it is the owner of the cluster
 * folder, so that data made by an ordinary user stays theirs, or else an unprivileged account of this machine.
 * @throws {EmbeddedError} when the folder belongs to somebody else, or root finds no account.
 */
export function accountFor(cluster: string): Account | null {
  const owner = ownerOf(cluster)
  const self = process.getuid?.()
  if (!isRoot()) {
    if (owner && owner.uid !== self) {
      throw new EmbeddedError(
        `${cluster} belongs to user ${nameOf(owner.uid)}: start Snug as that user or as root, or set SNUG_DATA_DIR to another folder`,
      )
    }
    return null
  }
  if (owner && owner.uid !== 0) return { ...owner, name: nameOf(owner.uid) }
  for (const name of PREFERRED) {
    const account = accounts().find((one) => one.name === name && one.uid > 0)
    if (account) return account
  }
  throw new EmbeddedError(
    'PostgreSQL does not run as root, and this machine has no user "postgres" or "nobody": add one (useradd --system postgres), or start Snug as an ordinary user',
  )
}

/**
 * Gives everything in the folder to the account. Links are changed themselves, never followed, since the account
 * may have written into the folder and could have pointed them at files of the system.
 */
export function giveTo(folder: string, account: Account): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) giveTo(path, account)
    else lchownSync(path, account.uid, account.gid)
  }
  lchownSync(folder, account.uid, account.gid)
}

function ownerOf(path: string): { uid: number; gid: number } | null {
  try {
    const { uid, gid } = lstatSync(path)
    return { uid, gid }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

function nameOf(uid: number): string {
  return accounts().find((one) => one.uid === uid)?.name ?? String(uid)
}

function accounts(): Account[] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
      .filter((one) => one.name !== '' && Number.isInteger(one.uid) && Number.isInteger(one.gid))
  } catch {
    return []
  }
}
