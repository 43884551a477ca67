import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { newContract } from './client.ts'
import { type Json, type JsonObject, type OpenApi, type OperationObject, schemaOf } from './document.ts'

// GET /openapi.json and /docs (CONTRACT §8). That every answer is as the document says is checked by the client in all of
// these files, and that every status of theirs is told of.

const snug = await newContract()
const document = (await snug.ask('GET', '/openapi.json')).body as OpenApi
const METHODS = ['get', 'put', 'post', 'delete', 'patch']
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation, name: `${method} ${path}` })),
)

/** What CONTRACT §3, §4, §5, §7 and §8 list. */
const PROMISED = [
  'get /api/v1/communities',
  'get /api/v1/communities/{community_id}/messages/conversations',
  'get /api/v1/communities/{community_id}/messages/{user_id}',
  'post /api/v1/communities/{community_id}/messages',
  'delete /api/v1/communities/{community_id}/messages/{id}',
  'post /api/v1/communities/{community_id}/messages/{user_id}/read',
  'get /api/v1/communities/{community_id}/members',
  'get /api/v1/communities/{community_id}/members/{id}',
  'post /api/v1/communities/{community_id}/members/{id}/block',
  'post /api/v1/communities/{community_id}/members/{id}/unblock',
  'get /api/v2/users/{id}/settings/notifications',
  'patch /api/v2/users/{id}/settings',
  'get /api/v1/push/public_key',
  'get /api/v1/devices',
  'put /api/v1/devices/{id}',
  'delete /api/v1/devices/{id}',
  'get /unsubscribe/{token}',
  'post /unsubscribe/{token}',
  'put /service/v1/users/{id}',
  'delete /service/v1/users/{id}',
  'put /service/v1/communities/{id}',
  'put /service/v1/communities/{id}/members/{user_id}',
  'post /service/v1/communities/{id}/members/{user_id}/block',
  'post /service/v1/communities/{id}/members/{user_id}/unblock',
  'post /service/v1/tokens',
  'get /service/v1/notifications',
  'get /healthz',
  'get /readyz',
  'get /metrics',
]

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every object within, with the path to it. */
function* objectsIn(value: Json, at = ''): Generator<[string, JsonObject]> {
  if (Array.isArray(value)) for (const [i, one] of value.entries()) yield* objectsIn(one, `${at}/${i}`)
  else if (isObject(value)) {
    yield [at, value]
    for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, `${at}/${key}`)
  }
}

test('it is OpenAPI 3.1 by its outer form', () => {
  assert.match(String(document.openapi), /^3\.1\.\d+$/)
  const { info, tags, components } = document as unknown as Record<string, JsonObject>
  for (const field of ['title', 'version', 'description']) assert.ok(info?.[field], field)
  assert.ok(Array.isArray(tags) && tags.every((tag) => isObject(tag) && tag.name && tag.description))
  const schemes = Object.keys(components?.securitySchemes as JsonObject)
  for (const { operation, name } of operations) {
    for (const one of operation.security as JsonObject[])
      for (const scheme of Object.keys(one)) assert.ok(schemes.includes(scheme), `${name}: ${scheme}`)
  }
  for (const path of Object.keys(document.paths)) assert.match(path, /^\//)
  for (const [at, object] of objectsIn(document))
    if ('$ref' in object) assert.fail(`${at}: a reference that nobody resolves`)
})

test('it tells of every operation that the contract promises', () => {
  const names = operations.map((one) => one.name)
  for (const name of PROMISED) assert.ok(names.includes(name), name)
  assert.equal(new Set(names).size, names.length)
})

test('every operation has a summary, a tag that is described, an owner, and an answer with an example', () => {
  const tags = (document.tags as JsonObject[]).map((tag) => tag.name)
  const summaries = operations.map(({ operation }) => operation.summary)
  for (const { method, operation, name } of operations) {
    assert.ok(METHODS.includes(method), name)
    assert.match(String(operation.summary), /^[A-Z].{4,80}[^.]$/, name)
    assert.ok(
      Array.isArray(operation.tags) &&
        operation.tags.length === 1 &&
        tags.includes(operation.tags[0] as string),
      name,
    )
    assert.ok(Array.isArray(operation.security), name)
    const good = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'))
    assert.ok(good.length > 0, name)
    for (const [status, response] of good) {
      if (status === '204') assert.equal(response.content, undefined, name)
      else assert.ok(examplesOf(response).length > 0, `${name} ${status} has no example`)
    }
  }
  assert.equal(
    new Set(summaries.filter((one) => one !== 'Block a member' && one !== 'Unblock a member')).size,
    summaries.length - 4,
  )
})

/** The examples that stand beside the schema, in either of OpenAPI's forms. */
function examplesOf(holder: JsonObject): Json[] {
  const media = isObject(holder.content) ? Object.values(holder.content) : [holder]
  return media.flatMap((one) => {
    if (!isObject(one)) return []
    const several = isObject(one.examples)
      ? Object.values(one.examples).map((each) => (each as JsonObject).value as Json)
      : []
    return one.example === undefined ? several : [one.example, ...several]
  })
}

test('every schema is one, and every example is what its schema says', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  let examples = 0
  const check = (holder: JsonObject, schema: Json | undefined, at: string) => {
    // Lines of JSON have a schema a line.
    if (isObject(holder.content) && 'application/x-ndjson' in holder.content) return
    const validate = ajv.compile(schema as object)
    for (const example of examplesOf(holder)) {
      examples++
      assert.ok(validate(example), `${at}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(example)}`)
    }
  }
  for (const { operation, name } of operations) {
    for (const [status, response] of Object.entries(operation.responses))
      if (schemaOf(response) !== undefined) check(response, schemaOf(response), `${name} ${status}`)
    const { requestBody, parameters } = operation as { requestBody?: JsonObject; parameters?: JsonObject[] }
    if (requestBody) check(requestBody, schemaOf(requestBody as never), `${name} body`)
    for (const parameter of parameters ?? []) check(parameter, parameter.schema, `${name} ${parameter.name}`)
  }
  assert.ok(examples > 100)
})

// Whatever else stands in a query may be left out.
const REQUIRED_IN_QUERY = ['get /service/v1/notifications message_id']

test('every parameter of a path is told of, and no other', () => {
  for (const { path, operation, name } of operations) {
    const parameters = (operation.parameters ?? []) as JsonObject[]
    const inPath = parameters.filter((one) => one.in === 'path')
    const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    assert.deepEqual(inPath.map((one) => one.name).sort(), named.sort(), name)
    for (const one of parameters) {
      assert.ok(['path', 'query', 'header'].includes(String(one.in)), name)
      const required = one.in === 'path' || REQUIRED_IN_QUERY.includes(`${name} ${one.name}`)
      assert.equal(one.required, required, `${name} ${one.name}`)
      assert.ok(one.description || one.in !== 'path', `${name} ${one.name}`)
    }
  }
})

const takesJson = ({ requestBody }: OperationObject) =>
  isObject(requestBody) && isObject(requestBody.content) && 'application/json' in requestBody.content

test('every error says its words; every operation tells of those that all have', () => {
  for (const { method, path, operation, name } of operations) {
    const { responses } = operation
    const errors = Object.entries(responses).filter(([status]) => Number(status) >= 400)
    for (const [status, response] of errors) {
      assert.match(response.description, /^[A-Z]/, `${name} ${status}`)
      assert.notEqual(response.description, 'Default Response', `${name} ${status}`)
      // The pages of people who come without a client.
      if (isObject(response.content) && 'text/html' in response.content) continue
      for (const example of examplesOf(response))
        assert.ok(isObject(example) && (example.message ?? example.error), `${name} ${status}`)
      assert.ok(examplesOf(response).length > 0, `${name} ${status}`)
    }
    const required = [
      '500',
      ...(path.startsWith('/api/') || path.startsWith('/service/') ? ['401', '503'] : []),
    ]
    if (takesJson(operation)) required.push('400', '413', '422')
    if (/_id\}|members/.test(path)) required.push('404')
    for (const status of required) assert.ok(responses[status], `${name} does not tell of ${status}`)
    if (method !== 'get' && method !== 'delete' && !/(unblock|typing)$/.test(path))
      assert.ok(operation.requestBody, `${name} has no body`)
  }
})

test('the refusals of a send are all there, in their words', () => {
  const send = operations.find((one) => one.name === 'post /api/v1/communities/{community_id}/messages')
  const words = Object.values(send?.operation.responses ?? {}).flatMap((response) =>
    examplesOf(response).map((one) => (one as JsonObject).message),
  )
  const expected: Json[] = [
    'Invalid JSON',
    'Missing Token',
    'Invalid Token',
    'Token has expired',
    'Unknown User',
    'Not Found',
  ]
  const lists = [['You cannot send messages to this user'], ['Idempotency-Key was used for another message']]
  for (const one of [...expected, ...lists, ['The message was sent and then deleted'], 'Payload Too Large'])
    assert.ok(
      words.some((word) => JSON.stringify(word) === JSON.stringify(one)),
      JSON.stringify(one),
    )
})

test('nothing of the validator’s own is left in it', () => {
  for (const [at, object] of objectsIn(document)) {
    assert.ok(!('faults' in object), `${at}/faults`)
    assert.ok(!('~kind' in object), at)
  }
  assert.doesNotMatch(JSON.stringify(document), /Default Response/)
})

const page = async (path: string) => {
  const answer = await snug.ask('GET', path)
  assert.equal(answer.status, 200, path)
  return answer
}

test('/docs is a page that loads nothing from elsewhere', async () => {
  const { text, headers } = await page('/docs/')
  assert.match(String(headers['content-type']), /^text\/html/)
  const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string)
  assert.ok(loaded.some((one) => one.endsWith('.js')))
  for (const one of loaded) {
    assert.doesNotMatch(one, /^(?:[a-z]+:)?\/\//i)
    const path = new URL(one, 'http://snug/docs/').pathname
    assert.equal((await page(path)).status, 200)
  }
  assert.doesNotMatch(text, /https?:|\/\//, 'no address in the page')
  const script = loaded.find((one) => one.includes('initializer')) as string
  const source = (await page(new URL(script, 'http://snug/docs/').pathname)).text
  const addresses = source.replace(/\/\/ .*$/gm, '').match(/https?:\/\/[^'"\s)]+/g) ?? []
  assert.deepEqual(addresses, [], 'no address in its configuration')
  assert.match(source, /"?validatorUrl"?: ?null/)
})

test('/docs may load nothing from elsewhere even if it wanted to', async () => {
  for (const path of ['/docs', '/docs/', '/docs/static/swagger-ui-bundle.js']) {
    const { headers } = await page(path)
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'self'/, path)
    assert.doesNotMatch(policy, /https:|http:|\*|[a-z0-9-]+\.[a-z]{2,}/, policy)
    // Behind no TLS, as the trial is, the page's own parts would be asked for where nobody listens.
    assert.doesNotMatch(policy, /upgrade-insecure-requests/)
  }
})

test('/docs shows the document', async () => {
  const { text } = await page('/docs/json')
  assert.deepEqual(JSON.parse(text), document)
})
