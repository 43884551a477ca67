import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

// npm run build:client: the package @snug/client as it is published, under client/dist, or in the folder that is named.

const DIST = process.argv[2] ?? 'client/dist'
const ENTRIES = ['index', 'service']

rmSync(DIST, { recursive: true, force: true })
for (const name of ENTRIES) {
  const bundle = await rolldown({ input: `client/src/${name}.ts`, platform: 'browser' })
  await bundle.write({ file: `${DIST}/${name}.js`, format: 'esm', minify: true })
  await bundle.close()
  // Hints for a bundler, which package.json gives for the whole of it.
  edit(`${DIST}/${name}.js`, (text) => text.replaceAll('/* @__PURE__ */ ', ''))
}
const declare = ['--declaration', '--emitDeclarationOnly', '--noEmit', 'false', '--outDir', DIST]
const same = ['--target', 'esnext', '--module', 'nodenext', '--types', 'node', '--strict', '--skipLibCheck']
const sources = ENTRIES.map((name) => `client/src/${name}.ts`)
const more = ['--allowImportingTsExtensions', '--ignoreConfig']
execFileSync('node_modules/.bin/tsc', [...declare, ...same, ...more, ...sources], { stdio: 'inherit' })
// A published declaration names the file that stands beside it.
for (const file of globSync(`${DIST}/*.d.ts`))
  edit(file, (text) => text.replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"))
for (const name of ENTRIES)
  console.log(`${name}.js: ${gzipSync(readFileSync(`${DIST}/${name}.js`)).length} bytes gzipped`)

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}
