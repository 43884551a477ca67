import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { build, type InlineConfig } from 'vite'

// npm run build:web [-- --force]: the inbox, under web/dist. Does nothing while what it was built from is as it was.

const ROOT = join(import.meta.dirname, '../web')
const DIST = join(ROOT, 'dist')
const STAMP = join(DIST, '.built')
const SOURCES = [
  'web/{index.html,src/**,worker/**,public/**}',
  'client/src/**',
  'scripts/web-build.ts',
  'package-lock.json',
]

const common: InlineConfig = {
  root: ROOT,
  // Below a proxy's prefix as well.
  base: './',
  configFile: false,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // Else an idle Node is told to stay by the cache of the dependencies.
  cacheDir: join(import.meta.dirname, '../node_modules/.cache/vite'),
}
const target = ['chrome116', 'firefox121', 'safari17']

/** One file that a page of the host's, or the browser itself, loads by its name. */
const single = (entry: string, name: string): InlineConfig => ({
  ...common,
  publicDir: false,
  build: {
    target,
    emptyOutDir: false,
    lib: { entry: join(ROOT, entry), formats: ['iife'], name: 'snug', fileName: () => name },
    // What it loads later comes with it.
    rolldownOptions: { output: { codeSplitting: false } },
  },
})

async function buildAll(): Promise<void> {
  await build({
    ...common,
    build: { target, emptyOutDir: true, modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  })
  await build(single('src/embed.tsx', 'embed.js'))
  await build(single('worker/sw.ts', 'sw.js'))
  await Promise.all(globSync(`${DIST}/**/*.{js,css,svg,webmanifest}`).map(compress))
}

async function compress(path: string): Promise<void> {
  const bytes = readFileSync(path)
  writeFileSync(`${path}.br`, await promisify(brotliCompress)(bytes))
  writeFileSync(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }))
}

function hashOfSources(): string {
  const hash = createHash('sha256')
  const files = globSync(SOURCES, { cwd: join(ROOT, '..') }).toSorted()
  for (const file of files) {
    const path = join(ROOT, '..', file)
    if (statSync(path).isFile()) hash.update(file).update('\0').update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex')
}

const wanted = hashOfSources()
const built = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : ''
if (built !== wanted || process.argv.includes('--force')) {
  await buildAll()
  writeFileSync(STAMP, wanted)
}
