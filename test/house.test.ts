import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultsOfFile, faultsOfHouse } from '../scripts/house.ts'

test('the imports keep to the law, and files to their sizes', () => {
  assert.deepEqual(faultsOfHouse(), [])
})

test('an import against the law is found', () => {
  const file = 'src/domain/x.ts'
  assert.equal(faultsOfFile(file, "import { openDb } from '../store/db.ts'\n").length, 1)
  assert.equal(faultsOfFile(file, "import type { Db } from '../store/db.ts'\n").length, 1)
  assert.equal(faultsOfFile(file, "import { User } from '../../contract/common.ts'\n").length, 1)
  assert.equal(faultsOfFile(file, "import type { User } from '../../contract/common.ts'\n").length, 0)
  assert.equal(faultsOfFile(file, "import { type User } from '../../contract/common.ts'\n").length, 0)
  assert.equal(
    faultsOfFile(file, "import {\n  a,\n  type User,\n} from '../../contract/common.ts'\n").length,
    1,
  )
  assert.equal(faultsOfFile(file, "export { Refused } from './refusal.ts'\n").length, 0)
  assert.equal(faultsOfFile('src/http/x.ts', "import { startRelay } from '../jobs/relay.ts'\n").length, 1)
  assert.equal(faultsOfFile('src/http/x.ts', "import { startSnug } from '../main.ts'\n").length, 2)
})

test('a file that is too long is found', () => {
  assert.equal(faultsOfFile('src/domain/x.ts', 'a\n'.repeat(300)).length, 0)
  assert.equal(faultsOfFile('src/domain/x.ts', 'a\n'.repeat(301)).length, 1)
  assert.equal(faultsOfFile('test/x.test.ts', 'a\n'.repeat(500)).length, 0)
  assert.equal(faultsOfFile('test/x.test.ts', 'a\n'.repeat(501)).length, 1)
})
