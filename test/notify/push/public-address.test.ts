import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer, type Server } from 'node:net'
import { after, before, test } from 'node:test'
import { publicAddresses } from '../../../src/notify/push/public-address.ts'
import { type PushService, startPushService } from '../push-services.ts'
import { newSender, pushOf, webDevice, wordsOf } from './kit.ts'

const REFUSED = 'refused the endpoint does not lead to a public address'

let service: PushService
/** On ::1, at the port of the service: it would take what the family's choice made of a name. */
let six: Server | null = null
let sixConnections = 0
before(async () => {
  service = await startPushService()
  const port = Number(new URL(service.url).port)
  six = createServer((socket) => {
    sixConnections++
    socket.destroy()
  })
  await new Promise<void>((resolve) => {
    // A machine without IPv6 has nothing there to be reached either.
    six?.once('error', () => resolve())
    six?.listen(port, '::1', resolve)
  })
})
after(async () => {
  six?.close()
  await service.close()
})

const endpoint = (host: string) => webDevice(service.subscription(host))

test('nothing that is not public is ever connected to', async () => {
  const sender = newSender({ webPushAllow: [] })
  const hosts = [
    '127.0.0.1',
    '127.1.2.3',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fd00::1]',
    '[fec0::1]',
    '[4000::1]',
    'localhost',
  ]
  for (const host of hosts) assert.equal(wordsOf(await sender.send(endpoint(host), pushOf())), REFUSED, host)
  assert.equal(service.connections(), 0)
  assert.equal(sixConnections, 0)
})

test('a name is refused if any of its addresses is not public', async () => {
  const answers: LookupAddress[][] = [
    [
      { address: '127.0.0.1', family: 4 },
      { address: '93.184.215.14', family: 4 },
    ],
    [
      { address: '93.184.215.14', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ],
    [
      { address: '2606:2800:21f::1', family: 6 },
      { address: '::1', family: 6 },
    ],
    [{ address: '::ffff:127.0.0.1', family: 6 }],
    [{ address: 'fe80::1%lo', family: 6 }],
    [{ address: 'nonsense', family: 4 }],
    [],
  ]
  for (const addresses of answers) {
    const sender = newSender({ webPushAllow: [], resolve: async () => addresses })
    const outcome = wordsOf(await sender.send(endpoint('push.test'), pushOf()))
    assert.equal(outcome, REFUSED, JSON.stringify(addresses))
  }
  assert.equal(service.connections(), 0)
  assert.equal(sixConnections, 0)
})

test('the address that was checked is the one that is used: a name is asked for once a connection', async () => {
  let asked = 0
  // What an attacker's name server does: the second answer is another.
  const resolve = async () => {
    asked++
    return [asked === 1 ? { address: '127.0.0.1', family: 4 } : { address: '::1', family: 6 }]
  }
  const sender = newSender({ resolve })
  const connections = service.connections()
  assert.equal((await sender.send(endpoint('push.test'), pushOf())).kind, 'sent')
  assert.equal((await sender.send(endpoint('push.test'), pushOf())).kind, 'sent', 'by the same connection')
  assert.equal(asked, 1)
  assert.equal(service.connections(), connections + 1)
  assert.equal(sixConnections, 0)
  // A new connection is checked anew.
  const rebound = newSender({ resolve })
  assert.equal(wordsOf(await rebound.send(endpoint('push.test'), pushOf())), REFUSED)
  assert.equal(sixConnections, 0)
})

test('ranges of one’s own can be allowed, and are not a door for others', async () => {
  const sender = newSender({ webPushAllow: ['127.0.0.1/32', 'fd00:1::/64'] })
  assert.equal((await sender.send(endpoint('127.0.0.1'), pushOf())).kind, 'sent')
  for (const host of ['127.0.0.2', '[::1]', '10.0.0.1']) {
    assert.equal(wordsOf(await sender.send(endpoint(host), pushOf())), REFUSED)
  }
  const permitted = publicAddresses(['10.1.0.0/16', 'fd00:1::/64'])
  const yes = ['10.1.2.3', '::ffff:10.1.2.3', 'fd00:1::5', '8.8.8.8', '2606:4700::1111']
  const no = ['10.2.0.1', 'fd00:2::5', '::ffff:10.2.0.1', '', 'localhost']
  for (const address of yes) assert.equal(permitted(address), true, address)
  for (const address of no) assert.equal(permitted(address), false, address)
})

test('https without a username alone', async () => {
  const sender = newSender()
  const { endpoint: good, keys } = service.subscription()
  const connections = service.connections()
  for (const bad of [
    good.replace('https:', 'http:'),
    good.replace('https://', 'https://user@'),
    good.replace('https://', 'https://:password@'),
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    '/push',
    '',
  ]) {
    const outcome = await sender.send(webDevice({ endpoint: bad, keys }), pushOf())
    assert.equal(wordsOf(outcome), 'refused the endpoint is not an https URL without a username')
  }
  assert.equal(service.connections(), connections)
})
