import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type pg from 'pg'
import { allStatements } from '../../src/store/sql.ts'
import { runSql } from '../kit.ts'
import { missedBy } from './missed.ts'
import { newWorld, untilOf } from './world.ts'

// A transaction that began before the cursor of a client and commits after the client has gone: who comes back is told of it all the
// same (CONTRACT §6: "whatever crashed meanwhile").

const world = await newWorld()

interface Keys {
  readonly community: number
  readonly creator: number
  readonly member: number
}

async function scene(
  name: string,
): Promise<{ community: string; creator: string; member: string; keys: Keys }> {
  const [community, creator, member] = [name, `${name}-creator`, `${name}-member`]
  await world.users(creator, member)
  await world.community(community, creator)
  await world.member(community, member)
  const [keys] = await runSql<Keys>(
    world.snug.db,
    `select c.key as community, c.creator_key as creator, u.key as member from communities c, users u where c.id = $1 and u.id = $2`,
    [community, member],
  )
  return { community, creator, member, keys: keys as Keys }
}

/** A connection that is counted as one of Snug's. */
async function connect(): Promise<pg.Client> {
  const client = await world.snug.db.dedicated('snug test')
  after(() => client.end())
  return client
}

function textOf(name: string): string {
  const statement = allStatements().find((one) => one.name === name)
  assert.ok(statement, name)
  return statement.text
}

/** The last id of a client that came, and left, long after the moment: its clock is that of the ids, which may stand still. */
async function comeAndGo(as: string): Promise<string> {
  const end = Date.now() + 4_000
  const bystander = await world.open(as)
  await bystander.through('ready')
  // Marks are events: their ids are the newest there are.
  while (Date.now() < end) await world.mark(as, bystander)
  await bystander.close()
  return bystander.lastId
}

const MESSAGE = '01a203e0-09e9-727d-8a69-7cce79def710'
const CONVERSATION = '01a203e0-09e9-727d-8a69-7cce79def70f'
const FURTHEST = 'ffffffff-ffff-7fff-bfff-ffffffffffff'

const send = (client: pg.Client, { community, creator, member }: Keys) =>
  client.query(textOf('sends.write'), [
    [community],
    [creator],
    [member],
    [MESSAGE],
    [CONVERSATION],
    ['sent by a slow transaction'],
    [null],
    FURTHEST,
  ])

for (const began of ['with the write', 'before the write, by a read'] as const) {
  test(`a send whose transaction began ${began}, told to whoever came and left before its commit`, async () => {
    const { creator, member, keys } = await scene(began === 'with the write' ? 'slow-1' : 'slow-2')
    const client = await connect()
    await client.query('begin')
    if (began !== 'with the write') await client.query('select 1')
    await send(client, keys)
    const started = Date.now() * 1_000
    const since = await comeAndGo(member)
    assert.ok(untilOf({ id: since }) <= started, 'the ids have not gone past what is still to come')
    await client.query('commit')
    for (const as of [member, creator]) {
      const missed = await missedBy(world, as, as === member ? since : await comeAndGo(creator))
      if (as === member) {
        assert.deepEqual(
          missed.created.map(({ data }) => data.message.content),
          ['sent by a slow transaction'],
        )
        assert.equal(missed.changed.length, 1)
      } else assert.equal(missed.changed.length, 0, 'once it has been committed, ids go on')
    }
  })
}

test('a deletion, a membership and a block by slow transactions', async () => {
  const { community, creator, member, keys } = await scene('slow-3')
  const message = await world.send(community, creator, member, 'to be deleted')
  const works: [string, unknown[]][] = [
    ['messages.delete_last', [keys.community, message.id]],
    ['touches.members', [[keys.community], [keys.member]]],
    ['blocks.settle_conversations', [keys.community, keys.member, true]],
  ]
  for (const [name, values] of works) {
    if (name !== 'messages.delete_last') await world.send(community, creator, member, `before ${name}`)
    const client = await connect()
    await client.query('begin')
    await client.query(textOf(name), values)
    const since = await comeAndGo(member)
    await client.query('commit')
    const { changed } = await missedBy(world, member, since)
    assert.deepEqual(
      changed.map(({ data }) => data.community_id),
      [community],
      name,
    )
  }
})

test('a transaction that only reads, or that is an export’s, holds nothing up', async () => {
  const { member } = await scene('slow-4')
  const reader = await connect()
  await reader.query('begin isolation level repeatable read')
  await reader.query('select count(*) from messages')
  const started = Date.now() * 1_000
  const stream = await world.open(member)
  await stream.through('ready')
  await world.settled([{ as: member, stream }])
  assert.ok(untilOf({ id: stream.lastId }) >= started)
  await reader.query('rollback')
})
