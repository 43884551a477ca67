import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** What the tests read of an OpenAPI document. */
export interface OpenApi extends JsonObject {
  paths: { [path: string]: { [method: string]: OperationObject } }
}
export interface OperationObject extends JsonObject {
  responses: { [status: string]: ResponseObject }
}
export interface ResponseObject extends JsonObject {
  description: string
}

/** Holds answers against the document: each has to be of the form that it promises, and of no other. */
export interface DocumentCheck {
  /** @throws {AssertionError} when the operation does not tell of the status, or the body is not of its schema */
  check(method: string, path: string, status: number, body: unknown): void
}

const { default: addFormatsTo } = addFormats as unknown as { default: typeof addFormats.default }

export function createDocumentCheck(document: OpenApi): DocumentCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormatsTo(ajv)
  const routes = Object.keys(document.paths).map((path) => ({ path, pattern: patternOf(path) }))
  // `…/messages/conversations` before `…/messages/{user_id}`.
  routes.sort((a, b) => a.path.split('{').length - b.path.split('{').length)
  const validators = new Map<ResponseObject, ValidateFunction>()

  const validatorOf = (response: ResponseObject) => {
    const known = validators.get(response)
    if (known) return known
    const schema = schemaOf(response)
    const made = ajv.compile(schema === undefined ? { const: '' } : (closed(schema) as object))
    validators.set(response, made)
    return made
  }
  return {
    check(method, path, status, body) {
      const bare = path.split('?')[0] as string
      const route = routes.find((one) => one.pattern.test(bare) && method.toLowerCase() in pathOf(one.path))
      if (!route) {
        assert.deepEqual(
          { status, body },
          { status: 404, body: { message: 'Not Found' } },
          `${method} ${bare}`,
        )
        return
      }
      const operation = pathOf(route.path)[method.toLowerCase()] as OperationObject
      const response = operation.responses[status]
      assert.ok(response, `${method} ${route.path} answered ${status}, which the document does not tell of`)
      const validate = validatorOf(response)
      const told = () =>
        `${method} ${path} ${status}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`
      assert.ok(validate(body), validate.errors ? told() : '')
    },
  }
  function pathOf(path: string): { [method: string]: OperationObject } {
    return document.paths[path] as { [method: string]: OperationObject }
  }
}

/** The schema of an answer's body; undefined when it has none. */
export function schemaOf(response: ResponseObject): Json | undefined {
  const { content } = response as { content?: { [type: string]: { schema: Json } } }
  return content && Object.values(content)[0]?.schema
}

function patternOf(path: string): RegExp {
  const literal = path.split(/\{[^}]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${literal.join('[^/]+')}$`)
}

/** The same schema with no room for fields that it does not name: a row must never leave by accident. */
function closed(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in copy ? { ...copy, additionalProperties: false } : copy
}
