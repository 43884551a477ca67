import assert from 'node:assert/strict'
import { test } from 'node:test'
import { membersPath, messagesPath, newContract, told } from './client.ts'

// "lists" of CONTRACT §1, the same for every list there is.

const snug = await newContract()
const COUNT = 103
const people = Array.from({ length: COUNT }, (_, i) => `p${String(i).padStart(3, '0')}`)
await snug.users('ada', ...people)
await snug.community('c', 'ada')
await Promise.all(people.map((id) => snug.member('c', id)))
await Promise.all(people.map((id) => snug.send('c', 'ada', id, `to ${id}`)))
for (let i = 1; i < COUNT; i++)
  await snug.send('c', i % 2 ? 'p000' : 'ada', i % 2 ? 'ada' : 'p000', `number ${i}`)
await Promise.all(people.map((_, i) => snug.community(`own-${String(i).padStart(3, '0')}`, 'p001')))

interface Listed {
  readonly path: string
  readonly as: string
  readonly total: number
  readonly perPage: readonly string[]
}

const LISTS: Readonly<Record<string, Listed>> = {
  conversations: {
    path: `${messagesPath('c')}/conversations`,
    as: 'ada',
    total: COUNT,
    perPage: ['per_page'],
  },
  'conversations, filtered': {
    ...{ path: `${messagesPath('c')}/conversations?q=name`, as: 'ada', total: COUNT, perPage: ['per_page'] },
  },
  'the thread': { path: `${messagesPath('c')}/p000`, as: 'ada', total: COUNT, perPage: ['per_page'] },
  // p001 is a member of c as well.
  communities: { path: '/api/v1/communities', as: 'p001', total: COUNT + 1, perPage: ['per_page'] },
  members: { path: membersPath('c'), as: 'ada', total: COUNT, perPage: ['per_page', 'per'] },
  'members, searched': {
    path: `${membersPath('c')}?search=name`,
    as: 'ada',
    total: COUNT,
    perPage: ['per_page', 'per'],
  },
}

const NOT_POSITIVE_WHOLE = [
  ...[
    '0',
    '-1',
    '-0',
    '00',
    '1.5',
    '1.0',
    '1e3',
    '1,000',
    '+1',
    ' 1',
    '1 ',
    '1\n',
    '0x10',
    '',
    'abc',
    'null',
  ],
  ...[
    'NaN',
    'Infinity',
    'true',
    '1;2',
    '١',
    '１',
    '²',
    '\u0000',
    '1\u0000',
    '-99999999999999999999',
    'Last',
    'last ',
  ],
]

for (const [name, { path, as, total, perPage }] of Object.entries(LISTS)) {
  const ask = async (query: string) => {
    const joined = query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`
    return snug.ask('GET', joined, { as })
  }
  const idsOf = (body: { data: { id: string }[] }) => body.data.map((one) => one.id)

  test(`${name}: page from 1, per_page 20 unless told`, async () => {
    const { status, body } = await ask('')
    assert.equal(status, 200)
    assert.deepEqual([body.total, body.has_more, body.data.length], [total, true, 20])
    assert.deepEqual(idsOf((await ask('page=1')).body), idsOf(body))
    assert.deepEqual(idsOf((await ask('per_page=20')).body), idsOf(body))
    assert.deepEqual(idsOf((await ask('page=001&per_page=0020')).body), idsOf(body))
  })

  test(`${name}: the pages of every size put together are the list, each item once`, async () => {
    const whole = [
      ...idsOf((await ask('per_page=100')).body),
      ...idsOf((await ask('per_page=100&page=2')).body),
    ]
    assert.equal(new Set(whole).size, total)
    for (const size of [1, 17, 20, 51, 52, 100]) {
      // Only the pages around the end, for the smallest.
      const pages = Math.ceil(total / size)
      for (let page = size === 1 ? pages - 2 : 1; page <= pages; page++) {
        const { body } = await ask(`page=${page}&per_page=${size}`)
        assert.deepEqual(idsOf(body), whole.slice((page - 1) * size, page * size), `${size}, page ${page}`)
        assert.deepEqual([body.total, body.has_more], [total, page < pages], `${size}, page ${page}`)
      }
    }
  })

  test(`${name}: values over 100 mean 100`, async () => {
    for (const parameter of perPage) {
      for (const value of ['101', '1000', '99999999999999999999999', '9'.repeat(400)]) {
        const { body } = await ask(`${parameter}=${value}`)
        assert.deepEqual([body.data.length, body.has_more], [100, true], value)
        const second = await ask(`${parameter}=${value}&page=2`)
        assert.deepEqual([second.body.data.length, second.body.has_more], [total - 100, false], value)
      }
    }
  })

  test(`${name}: a page past the end is empty`, async () => {
    const values = [
      '7',
      '8',
      '1000',
      '4294967297',
      '9007199254740993',
      '9223372036854775808',
      '9'.repeat(400),
    ]
    for (const page of values) {
      for (const size of ['20', '100']) {
        const { status, body } = await ask(`page=${page}&per_page=${size}`)
        assert.equal(status, 200, page)
        assert.deepEqual(body, { ...body, total, has_more: false, data: [] }, page)
      }
    }
  })

  test(`${name}: what is not a positive whole number is refused`, async () => {
    const refusal = (label: string) => ({
      status: 422,
      body: { message: [`${label} must be a positive integer`] },
    })
    const labels: Record<string, string> = { page: 'Page', per_page: 'Per page', per: 'Per' }
    for (const parameter of ['page', ...perPage]) {
      const expected = refusal(labels[parameter] as string)
      for (const value of NOT_POSITIVE_WHOLE) {
        const answer = await ask(`${parameter}=${encodeURIComponent(value)}`)
        assert.deepEqual(told(answer), expected, `${parameter}=${JSON.stringify(value)}`)
      }
      // Given twice it is no number either.
      assert.deepEqual(told(await ask(`${parameter}=1&${parameter}=2`)), expected)
      assert.deepEqual(told(await ask(parameter)), expected)
    }
    const both = await ask('per_page=x&page=0')
    const message = ['Page must be a positive integer', 'Per page must be a positive integer']
    assert.deepEqual(told(both), { status: 422, body: { message } })
  })

  test(`${name}: parameters that nobody knows are ignored`, async () => {
    const { status, body } = await ask('pages=0&per-page=x&page[]=2&limit=1&__proto__=1&constructor=2&%zz=1')
    assert.deepEqual([status, body.data.length], [200, 20])
  })
}

test('only a thread has a page called last', async () => {
  for (const [name, { path, as }] of Object.entries(LISTS)) {
    const { status } = await snug.ask('GET', `${path}${path.includes('?') ? '&' : '?'}page=last`, { as })
    assert.equal(status, name === 'the thread' ? 200 : 422, name)
  }
})

test('an empty list has no pages', async () => {
  await snug.users('nobodys-friend')
  const empty = { status: 200, body: { total: 0, has_more: false, data: [] } }
  assert.deepEqual(told(await snug.ask('GET', '/api/v1/communities', { as: 'nobodys-friend' })), empty)
  await snug.member('c', 'nobodys-friend')
  for (const query of [{}, { page: '2' }, { filter: 'unread' }, { q: 'x' }])
    assert.deepEqual(told(await snug.list('nobodys-friend', 'c', query as Record<string, string>)), empty)
  for (const query of [{}, { page: '2' }, { page: 'last' }])
    assert.deepEqual(
      told(await snug.thread('nobodys-friend', 'c', 'ada', query as Record<string, string>)),
      empty,
    )
})
