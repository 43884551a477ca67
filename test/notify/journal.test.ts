import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newFolder } from '../serve/kit.ts'
import { newWorld, reachable, untilQueued, untilTold, why } from './world.ts'

// What a killed process has left in its journal was taken by the services: it is recorded, and not sent again.

const HERE = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

/** The number of a process that is no more. */
async function deadPid(): Promise<number> {
  const child = spawn('true')
  await once(child, 'exit')
  return child.pid as number
}

test('what is in the journal of a process that is no more has been sent', async () => {
  const world = await newWorld()
  const { smtp, push } = world
  const serving = await world.snug({ SNUG_ROLE: 'serve' })
  await serving.users('creator')
  await serving.community('c', 'creator')
  await reachable(serving, push, 'm')
  await serving.member('c', 'm')
  const messages = []
  for (const text of ['In the journal', 'Half a line of it', 'Not sent'])
    messages.push(await serving.send('c', 'creator', 'm', text))
  await untilQueued(serving)
  const [whole, half, none] = messages.map(({ id }) => id)
  const folder = newFolder()
  mkdirSync(join(folder, 'journal'))
  const path = join(folder, 'journal', `${HERE}-${await deadPid()}-0123456789ab`)
  const lines = [
    [[whole], 'email', null],
    [[whole], 'push', 'device-of-m'],
    [[half], 'email', null],
  ].map((line) => JSON.stringify(line))
  writeFileSync(path, `${lines.join('\n')}\n[["${half}"],"pu`)

  await world.snug({ SNUG_ROLE: 'work', SNUG_DATA_DIR: folder })
  await untilTold(serving)
  assert.deepEqual(
    smtp.received.map(({ messageId }) => messageId.split('@')[0]),
    [none],
  )
  assert.deepEqual(push.received.map(({ note }) => note.data.message_id).sort(), [half, none])
  for (const id of [whole, half, none])
    assert.deepEqual(await why(serving, id as string), { email: 'sent', push: 'sent' })
  assert.deepEqual(
    readdirSync(join(folder, 'journal')).map((name) => Number(name.split('-')[1])),
    [process.pid],
  )
})
