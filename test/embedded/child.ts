/**
 * A Snug of which only the database is there, to be killed: `child.ts <data folder>`. Prints one line of JSON for each
 * thing that happens, and stops when its stdin ends.
 */
import { EmbeddedError, startEmbedded } from '../../src/embedded/index.ts'

const dataDir = process.argv[2] ?? ''
const tell = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`)
try {
  const embedded = await startEmbedded({ dataDir, log: (line) => tell({ log: line }) })
  const { connection, fresh, adopted } = embedded
  tell({ started: { connection, fresh, adopted } })
  for await (const _ of process.stdin);
  await embedded.stop()
  tell({ stopped: true })
} catch (error) {
  tell({ refused: error instanceof EmbeddedError ? error.message : `not an EmbeddedError: ${error}` })
  process.exitCode = 1
}
