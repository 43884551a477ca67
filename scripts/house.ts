import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Who may import whom (ARCHITECTURE, "The house"). A name is a folder or a file of src; `type` allows types alone. */
const LAW: Readonly<
  Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>
> = {
  contract: { values: [] },
  // A package of its own: what it knows of the contract is made into types of its own by a script.
  client: { values: [] },
  // The inbox knows nothing of Snug but its client.
  web: { values: ['client'] },
  'src/config': { values: [], types: ['src/domain'] },
  'src/domain': { values: [], types: ['contract'] },
  'src/validation': { values: ['contract'], types: ['src/domain'] },
  'src/store': { values: [], types: ['src/domain', 'contract'] },
  'src/actions': { values: ['src/store', 'src/domain', 'src/validation', 'contract'] },
  'src/folders': { values: [] },
  'src/html': { values: [] },
  'src/embedded': { values: ['src/folders'] },
  'src/secrets': { values: ['src/config', 'src/folders'] },
  'src/tokens': { values: [], types: ['src/config'] },
  'src/presenters': { values: ['src/domain'], types: ['src/store', 'contract'] },
  'src/http': {
    values: [
      'src/presenters',
      'src/actions',
      'src/store',
      'src/domain',
      'src/validation',
      'src/tokens',
      'src/secrets',
      'src/html',
      'contract',
    ],
  },
  'src/jobs': { values: ['src/actions', 'src/store', 'src/domain', 'src/folders'] },
  'src/notify': {
    values: ['src/actions', 'src/store', 'src/domain', 'src/folders', 'src/html'],
    types: ['src/config'],
  },
  'src/realtime': {
    values: ['src/actions', 'src/store', 'src/domain', 'src/presenters', 'contract'],
  },
  'src/database': { values: ['src/config', 'src/embedded', 'src/store'] },
  'src/demo': { values: ['src/actions', 'src/domain', 'src/store'] },
  'src/doctor': { values: ['src/config', 'src/database', 'src/store'] },
  // What main wires together as well, in a file of its own.
  'src/notifying': { values: ['*'] },
  'src/streaming': { values: ['*'] },
  // Wires everything together; the command `serve` starts it.
  'src/main': { values: ['*'] },
  'src/commands': { values: ['*'] },
  'src/cli': { values: ['src/commands'] },
  // The outside: free to use what it tries and measures.
  test: { values: ['*'] },
  bench: { values: ['*'] },
  scripts: { values: ['*'] },
}
/** Nothing imports these but those named. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  'src/main': ['src/commands', 'test', 'scripts'],
  'src/notifying': ['src/main'],
  'src/streaming': ['src/main'],
  'src/cli': [],
  'src/commands': ['src/cli', 'test'],
}
const LINES_MAX = 300
const TEST_LINES_MAX = 500

/** Everything in the project that breaks the house's law, a line each. */
export function faultsOfHouse(): string[] {
  const files = globSync('{contract,client/src,web/{src,worker},src,test,bench,scripts}/**/*.{ts,tsx}')
    .map((file) => normalize(file))
    .sort()
  return files.flatMap((file) => faultsOfFile(file, readFileSync(file, 'utf8')))
}

/** The same for one file. @param file its path from the project's folder */
export function faultsOfFile(file: string, text: string): string[] {
  const faults: string[] = []
  const lines = text.trimEnd().split('\n').length
  const most = file.startsWith('test/') ? TEST_LINES_MAX : LINES_MAX
  // What a script makes is as long as what it is made of.
  const isMade = text.startsWith('// Made by scripts/')
  if (lines > most && !isMade) faults.push(`${file}: ${lines} lines, ${most} at most`)
  const from = roomOf(file)
  for (const { path, typeOnly } of importsOf(file, text)) {
    const to = roomOf(path)
    if (to === from) continue
    const { values, types = [] } = LAW[from] ?? { values: [] }
    const allowed = [...values, ...(typeOnly ? types : [])]
    if (!allowed.includes(to) && !allowed.includes('*'))
      faults.push(`${file} must not import ${typeOnly ? 'types of ' : ''}${path}`)
    if (ENTRIES[to] && !ENTRIES[to].includes(from))
      faults.push(`${file} must not import ${path}: nothing but ${ENTRIES[to].join(' and ')} does`)
  }
  return faults
}

/** `src/store/db.ts` is in src/store, `src/main.ts` is src/main, `test/kit.ts` is in test. */
function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return first === 'src' ? `src/${second.replace(/\.ts$/, '')}` : first
}

function importsOf(file: string, text: string): { path: string; typeOnly: boolean }[] {
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:(\{[^}]*\})[^'"]*?|[^'"{]*?)['"](\.[^'"]+)['"]/gm,
  )
  return [...found].map(([, type, names, target]) => ({
    path: normalize(join(dirname(file), target as string)),
    typeOnly: type !== undefined || (names !== undefined && /^\{(\s*type [^,}]+,?)+\s*\}$/.test(names)),
  }))
}
