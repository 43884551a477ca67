import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readPushConfig } from '../src/config/push.ts'
import { ConfigError } from '../src/config.ts'
import { makeVapidKeys } from '../src/notify/push/index.ts'

const SECRET = 'secret-password'
const pem = (pair: { privateKey: KeyObject }): string =>
  pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const RSA = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }))
const P256 = pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const P384 = pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }))
const ACCOUNT = {
  project_id: 'p',
  client_email: 'a@b.example',
  private_key: RSA,
  token_uri: 'https://t.example/token',
}
const APNS = {
  SNUG_APNS_KEY: P256,
  SNUG_APNS_KEY_ID: 'ABC123DEFG',
  SNUG_APNS_TEAM_ID: 'DEF123GHIJ',
  SNUG_APNS_TOPIC: 'com.example.app',
}

const folder = mkdtempSync(join(tmpdir(), 'snug-config-'))
after(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'account.json'), JSON.stringify(ACCOUNT))
writeFileSync(join(folder, 'key.p8'), P256)

test('with nothing set no service is used but web push, with keys of our own, to public addresses', () => {
  assert.deepEqual(readPushConfig({}), {
    vapid: { keys: null, subject: null },
    fcm: null,
    apns: null,
    webPushAllow: [],
  })
  assert.ok(Object.isFrozen(readPushConfig({})))
})

test('what is set is read', () => {
  const keys = makeVapidKeys()
  const config = readPushConfig({
    SNUG_VAPID_PUBLIC_KEY: keys.publicKey,
    SNUG_VAPID_PRIVATE_KEY: keys.privateKey,
    SNUG_VAPID_SUBJECT: 'mailto:push@example.com',
    SNUG_FCM_CREDENTIALS: JSON.stringify(ACCOUNT),
    SNUG_WEB_PUSH_ALLOW: '10.1.2.0/24, fd00:1::/64',
    ...APNS,
    SNUG_APNS_KEY: P256.replaceAll('\n', '\\n'),
  })
  assert.deepEqual(config, {
    vapid: { keys, subject: 'mailto:push@example.com' },
    fcm: {
      projectId: 'p',
      clientEmail: 'a@b.example',
      privateKey: RSA,
      tokenUrl: 'https://t.example/token',
      url: 'https://fcm.googleapis.com',
    },
    apns: {
      key: P256,
      keyId: 'ABC123DEFG',
      teamId: 'DEF123GHIJ',
      topic: 'com.example.app',
      url: 'https://api.push.apple.com',
    },
    webPushAllow: ['10.1.2.0/24', 'fd00:1::/64'],
  })
})

test('keys can be files, from the folder that Snug was started in', () => {
  const env = { SNUG_FCM_CREDENTIALS: 'account.json', ...APNS, SNUG_APNS_KEY: join(folder, 'key.p8') }
  const config = readPushConfig(env, folder)
  assert.equal(config.fcm?.privateKey, RSA)
  assert.equal(config.apns?.key, P256)
})

const other = makeVapidKeys().publicKey
const { publicKey, privateKey } = makeVapidKeys()
const BAD: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['SNUG_VAPID_PRIVATE_KEY', { SNUG_VAPID_PUBLIC_KEY: publicKey }],
  ['SNUG_VAPID_PUBLIC_KEY', { SNUG_VAPID_PRIVATE_KEY: privateKey }],
  ['SNUG_VAPID_PUBLIC_KEY', { SNUG_VAPID_PUBLIC_KEY: other, SNUG_VAPID_PRIVATE_KEY: privateKey }],
  ['SNUG_VAPID_PUBLIC_KEY', { SNUG_VAPID_PUBLIC_KEY: publicKey, SNUG_VAPID_PRIVATE_KEY: SECRET }],
  [
    'SNUG_VAPID_PUBLIC_KEY',
    {
      SNUG_VAPID_PUBLIC_KEY: publicKey,
      SNUG_VAPID_PRIVATE_KEY: Buffer.alloc(32).toString('base64url'),
    },
  ],
  ['SNUG_VAPID_SUBJECT', { SNUG_VAPID_SUBJECT: 'nobody@example.com' }],
  ['SNUG_VAPID_SUBJECT', { SNUG_VAPID_SUBJECT: `http://user:${SECRET}@example.com` }],
  ['SNUG_FCM_CREDENTIALS', { SNUG_FCM_CREDENTIALS: `{"private_key": "${SECRET}"` }],
  ['SNUG_FCM_CREDENTIALS', { SNUG_FCM_CREDENTIALS: `${SECRET}.json` }],
  ['SNUG_FCM_URL', { SNUG_FCM_URL: 'http://fcm.example' }],
  ['SNUG_APNS_KEY', { ...APNS, SNUG_APNS_KEY: P384 }],
  ['SNUG_APNS_KEY', { ...APNS, SNUG_APNS_KEY: RSA }],
  ['SNUG_APNS_KEY', { ...APNS, SNUG_APNS_KEY: `-----BEGIN PRIVATE KEY----- ${SECRET}` }],
  ['SNUG_APNS_KEY', { ...APNS, SNUG_APNS_KEY: `${SECRET}.p8` }],
  ['SNUG_APNS_KEY', { SNUG_APNS_TOPIC: 'com.example.app' }],
  ['SNUG_APNS_KEY_ID', { ...APNS, SNUG_APNS_KEY_ID: SECRET }],
  ['SNUG_APNS_TEAM_ID', { ...APNS, SNUG_APNS_TEAM_ID: 'abc' }],
  ['SNUG_APNS_TOPIC', { ...APNS, SNUG_APNS_TOPIC: 'com example' }],
  ['SNUG_APNS_URL', { ...APNS, SNUG_APNS_URL: 'https://apns.example/path' }],
  ['SNUG_WEB_PUSH_ALLOW', { SNUG_WEB_PUSH_ALLOW: '10.0.0.0' }],
  ['SNUG_WEB_PUSH_ALLOW', { SNUG_WEB_PUSH_ALLOW: '10.0.0.0/8, all' }],
  ['SNUG_WEB_PUSH_ALLOW', { SNUG_WEB_PUSH_ALLOW: '10.0.0.0/33' }],
  ...Object.keys(ACCOUNT).map(
    (field) =>
      [
        'SNUG_FCM_CREDENTIALS',
        { SNUG_FCM_CREDENTIALS: JSON.stringify({ ...ACCOUNT, [field]: undefined }) },
      ] as const,
  ),
  [
    'SNUG_FCM_CREDENTIALS',
    { SNUG_FCM_CREDENTIALS: JSON.stringify({ ...ACCOUNT, token_uri: 'http://t.example' }) },
  ],
  ['SNUG_FCM_CREDENTIALS', { SNUG_FCM_CREDENTIALS: JSON.stringify({ ...ACCOUNT, private_key: P256 }) }],
]

for (const [index, [name, env]] of BAD.entries()) {
  test(`${name} that cannot be used is refused with a line that names it and tells no secret (${index})`, () => {
    assert.throws(
      () => readPushConfig(env, folder),
      (error) =>
        error instanceof ConfigError &&
        error.message.includes(name) &&
        !error.message.includes(SECRET) &&
        !error.message.includes('\n'),
    )
  })
}
