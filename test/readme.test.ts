import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { newFolder, serve } from './serve/kit.ts'

test("the README's tour runs as it stands", async () => {
  const SNUG_DATA_DIR = newFolder()
  const served = await serve({ SNUG_DATA_DIR })
  const blocks = [...readFileSync('README.md', 'utf8').matchAll(/^```sh tour\n([\s\S]*?)^```$/gm)].map(
    ([, block]) => block,
  )
  assert.equal(blocks.length, 5)
  const script = ['set -eu', ...blocks].join('\n')
  const child = spawn('sh', ['-c', script], {
    env: { ...process.env, SNUG: served.url, SNUG_DATA_DIR },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, err)
  assert.match(out, /"content":"How long does the dough rest\?"/)
  assert.match(out, /"recipient_id":"grace","data":\[\{"channel":"email","status":"(queued|sent)"/)
  assert.match(out, /"total":2,"has_more":false/)
  assert.match(out, /"total":0,"has_more":false,"data":\[\]/, 'hidden while he is blocked')
  assert.match(out, /"cannot_send_reason":"membership_ended"/, 'unblocked, and still ended')
  assert.match(out, /\{"type":"message"[^\n]*Overnight\./)
  await served.stop()
})
