import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newSnug } from './kit.ts'

test('kit works', async () => {
  const snug = await newSnug()
  await snug.users('ada', 'bob')
  await snug.community('c', 'ada')
  await snug.member('c', 'bob')
  await snug.send('c', 'ada', 'bob', 'hi')
  const { status, body } = await snug.call('GET', '/api/v1/communities/c/messages/bob', { as: 'ada' })
  assert.equal(status, 200)
  assert.equal(body.total, 1)
})
