import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { ConfigError } from '../src/config.ts'
import { loadSecrets, matchesAny } from '../src/secrets.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'snug-secrets-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

const load = (dataDir: string) => loadSecrets({ dataDir, serviceKeys: [], jwtSecret: null })
const modeOf = (path: string) => fs.statSync(path).mode & 0o777

/** The error, which must be a ConfigError that holds none of the given words. */
function refused(dataDir: string, ...never: string[]): string {
  try {
    load(dataDir)
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    for (const word of never) assert.ok(!error.message.includes(word))
    return error.message
  }
  throw new Error('It was not refused')
}

describe('Secrets of the data folder', () => {
  it('are made once, each its own, and found again', () => {
    const secrets = load(folder)
    assert.match(secrets.serviceKeys[0]!, /^[\w-]{43}$/)
    assert.match(secrets.jwtSecret, /^[\w-]{43}$/)
    assert.notEqual(secrets.serviceKeys[0], secrets.jwtSecret)
    assert.equal(secrets.serviceKeyPath, join(folder, 'service-key'))
    assert.equal(secrets.jwtSecretPath, join(folder, 'jwt-secret'))
    assert.equal(fs.readFileSync(join(folder, 'service-key'), 'utf8').trim(), secrets.serviceKeys[0])
    assert.equal(fs.readFileSync(join(folder, 'jwt-secret'), 'utf8').trim(), secrets.jwtSecret)
    assert.deepEqual(load(folder), secrets)
    assert.deepEqual(fs.readdirSync(folder).sort(), ['jwt-secret', 'service-key'])
  })

  it('are for us alone, and so is a folder that was not there', () => {
    const before = process.umask(0)
    try {
      load(join(folder, 'new', 'data'))
    } finally {
      process.umask(before)
    }
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700
    assert.equal(modeOf(join(folder, 'new')), mode)
    assert.equal(modeOf(join(folder, 'new', 'data')), mode)
    for (const name of ['service-key', 'jwt-secret']) {
      assert.equal(modeOf(join(folder, 'new', 'data', name)), 0o600)
    }
  })

  it('are not made when the environment sets them', () => {
    const serviceKeys = ['one', 'two']
    const dataDir = join(folder, 'none')
    assert.deepEqual(loadSecrets({ dataDir, serviceKeys, jwtSecret: 'set' }), {
      serviceKeys,
      jwtSecret: 'set',
      serviceKeyPath: null,
      jwtSecretPath: null,
    })
    assert.equal(fs.existsSync(dataDir), false)
    const half = loadSecrets({ dataDir, serviceKeys, jwtSecret: null })
    assert.deepEqual(fs.readdirSync(dataDir), ['jwt-secret'])
    assert.equal(half.serviceKeyPath, null)
    assert.equal(half.jwtSecretPath, join(dataDir, 'jwt-secret'))
  })

  it('may be the operator’s own, with a line end', () => {
    const path = join(folder, 'jwt-secret')
    fs.writeFileSync(path, `${'a'.repeat(32)}\r\n`, { mode: 0o600 })
    assert.equal(load(folder).jwtSecret, 'a'.repeat(32))
  })
})

describe('Secrets that cannot be trusted', () => {
  it('are refused while others can read or write them', () => {
    const secrets = load(folder)
    for (const [name, secret] of [
      ['service-key', secrets.serviceKeys[0]!],
      ['jwt-secret', secrets.jwtSecret],
    ] as const) {
      const path = join(folder, name)
      for (const mode of [0o644, 0o640, 0o604, 0o620, 0o602]) {
        fs.chmodSync(path, mode)
        assert.ok(refused(folder, secret).endsWith(`chmod 600 ${path}`), mode.toString(8))
      }
      fs.chmodSync(path, 0o600)
    }
    fs.chmodSync(join(folder, 'jwt-secret'), 0o400)
    assert.deepEqual(load(folder), secrets)
  })

  it('are refused when empty, too short, too long or of other characters', () => {
    const path = join(folder, 'service-key')
    const bad = [
      '',
      '\n',
      'a'.repeat(31),
      'a'.repeat(256),
      `${'a'.repeat(20)} ${'b'.repeat(20)}`,
      'ä'.repeat(40),
    ]
    for (const text of bad) {
      fs.writeFileSync(path, text, { mode: 0o600 })
      assert.match(refused(folder, ...(text.trim() ? [text] : [])), /service-key must hold 32 to 255/)
      assert.equal(fs.readFileSync(path, 'utf8'), text)
    }
  })

  it('are refused with the cause where they cannot be kept', () => {
    fs.writeFileSync(join(folder, 'file'), '')
    assert.match(refused(join(folder, 'file', 'data')), /^SNUG_DATA_DIR: .*ENOTDIR/)
    fs.mkdirSync(join(folder, 'jwt-secret'), { mode: 0o700 })
    assert.match(refused(folder), /jwt-secret cannot be kept there \(EISDIR\)/)
  })
})

describe('Secrets made by several at once', () => {
  it('are the same for servers that start at once', async () => {
    const module = pathToFileURL(join(import.meta.dirname, '../src/secrets.ts')).href
    // Each waits for the same moment, so that they meet while the files are being made.
    const code = `
      const { loadSecrets } = await import(${JSON.stringify(module)})
      process.stdout.write('ready')
      process.stdin.once('data', () => {
        process.stdin.destroy()
        const all = []
        for (let n = 0; n < 50; n += 1) {
          all.push(loadSecrets({ dataDir: ${JSON.stringify(folder)} + '/' + n, serviceKeys: [], jwtSecret: null }))
        }
        process.stdout.write(JSON.stringify(all))
      })`
    const children = [0, 1, 2].map(() =>
      spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] }),
    )
    await Promise.all(children.map((child) => once(child.stdout, 'data')))
    const said = children.map(async (child) => {
      const chunks: Buffer[] = []
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
      await once(child, 'close')
      return Buffer.concat(chunks).toString()
    })
    for (const child of children) child.stdin.end('go')
    const [one, two, three] = await Promise.all(said)
    assert.equal(JSON.parse(one!).length, 50)
    assert.equal(two, one)
    assert.equal(three, one)
    for (const name of fs.readdirSync(folder)) {
      assert.deepEqual(fs.readdirSync(join(folder, name)).sort(), ['jwt-secret', 'service-key'])
    }
  })
})

describe('matchesAny', () => {
  it('finds each of the keys, and nothing else', () => {
    const keys = ['first key', 'second', 'x']
    for (const key of keys) assert.equal(matchesAny(key, keys), true, key)
    for (const given of ['', 'first', 'first key ', 'First key', 'first key,second']) {
      assert.equal(matchesAny(given, keys), false, given)
    }
    assert.equal(matchesAny('', []), false)
  })

  it('says what includes says', () => {
    const text = fc.string({ maxLength: 3 })
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 4 }), (given, keys) => {
        assert.equal(matchesAny(given, keys), keys.includes(given))
      }),
    )
  })
})
