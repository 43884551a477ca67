import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newFolder, serve } from './kit.ts'

test('an embedded start that a proxy leads users to shows nobody the emails in its data folder', async () => {
  const served = await serve({ SNUG_DATA_DIR: newFolder(), SNUG_PUBLIC_URL: 'https://snug.example' })
  assert.equal((await fetch(`${served.url}/mail`)).status, 404)
  assert.equal((await fetch(`${served.url}/mail/20260101T000000000Z-x.eml`)).status, 404)
  assert.equal(await served.stop(), 0)
})
