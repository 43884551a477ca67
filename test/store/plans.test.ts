import { test } from 'node:test'
import { newDatabase } from '../kit.ts'
import { loadAllStatements, openTestDb } from './kit.ts'
import { makeMillion } from './million.ts'
import { allStatements } from '../../src/store/sql.ts'

test('x', async () => {
  const db = openTestDb(await newDatabase())
  const t = Date.now()
  await makeMillion(db)
  console.log(Date.now() - t)
  await loadAllStatements()
  const client = await db.dedicated('snug test')
  const calls: Record<string, string> = {
    'members.caller': `'u1', 'c1'`,
    'users.find': `'u5'`,
    'messages.one': `1, '00001e84809a70008000000000000000'`,
    'threads.read': `'u1', 'c1', 'u2', 'page', 5000, 50, null`,
    'threads.facts': `'u1', 'c1', 'u2', '00001e84809a70008000000000000000'`,
    'threads.mark_read': `1, 1, 2, '00001e84809a70008000000000000000'`,
    'messages.deletion_facts': `'u1', 'c1', '00001e84809a70008000000000000000'`,
    'messages.delete_last': `1, '00001e84809a70008000000000000000'`,
    'outbox.take': `100`,
    'communities.of_user': `1, 20, 0`,
    'conversations.list': `array['u1','u5'], array['c1','c1'], array[20,20], array[0,0], array[null,null]::bigint[], array[null,null]::bigint[]`,
    'sends.facts': `array['u1','u5'], array['c1','c1'], array['u2','u1'], array['key-2-1',null]`,
    'sends.write': `array[1,1], array[1,5], array[2,1], array['01a20429-6755-7001-9b9a-1767487c8c8e','01a20429-6755-7001-9b9a-1767487c8c8f']::uuid[], array['01a20429-6755-7000-9b9a-1767487c8c8e','01a20429-6755-7000-9b9a-1767487c8c8f']::uuid[], array['a','b'], array['x',null], 'ffffffff-6755-7000-9b9a-1767487c8c8e'`,
  }
  for (const s of allStatements()) {
    const args = calls[s.name]
    if (!args) continue
    await client.query('begin')
    await client.query(`prepare "${s.name}" as ${s.text}`)
    const { rows } = await client.query(`explain (analyze, buffers, costs off, timing off) execute "${s.name}" (${args})`)
    console.log(`\n===== ${s.name}\n` + rows.map((r) => r['QUERY PLAN']).join('\n'))
    await client.query('rollback')
  }
  await client.end()
})
