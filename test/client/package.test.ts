import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { newSnug } from '../kit.ts'

// The package as it is published.

execFileSync(process.execPath, ['scripts/client-build.ts'])
const snug = await newSnug()
await snug.users('ada', 'bob')
await snug.community('club', 'ada')
await snug.member('club', 'bob')

/** A folder of somebody's own project that has the package. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), 'snug-client-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'node_modules/@snug'), { recursive: true })
  symlinkSync(resolve('client'), join(folder, 'node_modules/@snug/client'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return folder
}

test('under 8 KB (8,192 bytes) gzipped, and nothing is imported', (context) => {
  const code = readFileSync('client/dist/index.js')
  const size = gzipSync(code).length
  context.diagnostic(`index.js: ${code.length} bytes, ${size} gzipped`)
  assert.ok(size < 8_192, `${size} bytes`)
  for (const name of ['index', 'service']) {
    const text = readFileSync(`client/dist/${name}.js`, 'utf8')
    assert.doesNotMatch(text, /\bimport\s*[{*"']|\brequire\(|node:/)
  }
})

test('its types need nothing but what every platform has', () => {
  const folder = project()
  writeFileSync(
    join(folder, 'app.ts'),
    `import { type Message, Snug } from '@snug/client'
import { SnugService } from '@snug/client/service'
const snug = new Snug({ url: 'https://snug.example', token: async () => 'a' })
export const send = (): Promise<Message> => snug.messages.send('club', 'ada', 'hello')
snug.stream.on('message.created', ({ message, position }) => message.content.slice(position))
const thread = snug.thread('club', 'ada')
export const texts: string[] = thread.getSnapshot().messages.map(({ content }) => content)
export const answer = new SnugService({ url: '', key: '' }).import([{ type: 'user', id: 'a', username: 'b' }])
// @ts-expect-error: a word that is none
snug.conversations.list('club', { filter: 'read' })
`,
  )
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--skipLibCheck', 'false']
  const platform = [
    '--lib',
    'es2022,dom,dom.iterable,dom.asynciterable',
    '--types',
    '',
    '--module',
    'nodenext',
    '--target',
    'es2022',
  ]
  const { stdout, status } = spawnSync(resolve('node_modules/.bin/tsc'), [...strict, ...platform, 'app.ts'], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stdout)
})

const PROGRAM = `
import { Snug, ForbiddenError } from '@snug/client'
const [url, token] = process.argv.slice(2)
const snug = new Snug({ url, token: () => token, WebSocket: globalThis.WebSocket })
const thread = snug.thread('club', 'bob')
const came = new Promise((resolve) => snug.stream.on('message.created', resolve))
await new Promise((resolve) => snug.stream.onState((state) => state === 'live' && resolve()))
await thread.settled()
thread.send('from the package')
const { message } = await came
await thread.settled()
const shown = thread.getSnapshot().messages.map(({ content, status, position }) => [content, status, position])
const refused = await snug.messages.list('club', 'nobody').catch((error) => error instanceof ForbiddenError)
thread.close()
snug.stream.close()
console.log(JSON.stringify({ version: process.version, socket: typeof globalThis.WebSocket, message: message.content, shown, refused }))
`

/** The machine's own Node, whichever it is: the first along PATH that is not the project's. */
function systemNode(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find(existsSync)
}

for (const [name, node] of [
  ['the Node of the project', process.execPath],
  ["the machine's own Node", systemNode()],
] as const) {
  test(`it runs under ${name}`, { skip: node ? false : 'there is none' }, async (context) => {
    const folder = project()
    writeFileSync(join(folder, 'app.js'), PROGRAM)
    const { stdout } = await promisify(execFile)(
      node as string,
      ['app.js', snug.snug.url, snug.token('ada')],
      {
        cwd: folder,
        timeout: 30_000,
      },
    )
    const { version, socket, ...rest } = JSON.parse(stdout)
    context.diagnostic(`${version}, ${socket === 'function' ? 'WebSocket' : 'server-sent events'}`)
    assert.equal(rest.message, 'from the package')
    assert.deepEqual(rest.shown.at(-1).slice(0, 2), ['from the package', 'sent'])
    assert.equal(rest.refused, true)
  })
}
