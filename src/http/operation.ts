import { STATUS_CODES } from 'node:http'
import type { RouteShorthandOptions } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { Problem, Problems, SettingProblem } from '../../contract/common.ts'
import { errors, type RefusalWords, refusals } from '../../contract/errors.ts'
import { allowNoBody, needBody } from './body.ts'

/** One operation of the API, from which it is validated, serialized and described. */
export interface Operation {
  readonly tag: 'Messages' | 'Stream' | 'Communities' | 'Members' | 'Notifications' | 'Service' | 'Operations'
  readonly summary: string
  readonly description?: string
  /** The path's parameters and what each one is. */
  readonly params?: Readonly<Record<string, string>>
  readonly query?: TSchema
  readonly headers?: TSchema
  readonly body?: TSchema
  /** The body may be left out. */
  readonly bodyOptional?: boolean
  readonly answers: Readonly<Record<number, TSchema>>
  /** Refusals of this operation's own, beside those that every one has. */
  readonly refusals?: readonly (keyof typeof refusals)[]
  /** What is wrong with the body is told by `refusals`, not by a list of faults. */
  readonly refusesBody?: boolean
  /** No token is asked for. */
  readonly open?: boolean
}

/** The route options of an operation. Faults are attached, not thrown: who calls is judged before what is asked. */
export function operation(of: Operation): RouteShorthandOptions {
  const schema = {
    tags: [of.tag],
    summary: of.summary,
    ...(of.description && { description: of.description }),
    ...(of.params && { params: paramsSchema(of.params) }),
    ...(of.query && { querystring: of.query }),
    ...(of.headers && { headers: of.headers }),
    ...(of.body && { body: of.body }),
    security: of.open ? [] : [{ [of.tag === 'Service' ? 'serviceKey' : 'userToken']: [] }],
    response: { ...goodAnswers(of), ...errorAnswers(of) },
  }
  const preValidation = of.body ? (of.bodyOptional ? allowNoBody : needBody) : undefined
  return { schema, attachValidation: true, ...(preValidation && { preValidation }) }
}

// Any string is taken: an id that cannot exist is answered like one that does not.
function paramsSchema(params: Readonly<Record<string, string>>): TSchema {
  const properties = Object.entries(params).map(([name, description]) => [name, Type.String({ description })])
  return Type.Object(Object.fromEntries(properties))
}

function goodAnswers(of: Operation): Record<number, TSchema> {
  const described = Object.entries(of.answers).map(([status, schema]) => [
    status,
    { description: STATUS_CODES[status], ...schema },
  ])
  return Object.fromEntries(described)
}

function errorAnswers(of: Operation): Record<number, TSchema> {
  const words: Words[] = []
  if (!of.open) {
    words.push({ status: 401, message: errors.missingToken }, { status: 401, message: errors.invalidToken })
    if (of.tag !== 'Service') words.push({ status: 401, message: errors.expiredToken }, refusals.unknown_user)
  }
  if (of.body)
    words.push({ status: 400, message: errors.invalidJson }, { status: 413, message: errors.tooLarge })
  for (const name of of.refusals ?? []) words.push(refusals[name])
  if ((of.body && !of.refusesBody) || of.query || of.headers)
    words.push({ status: 422, message: ["Field can't be blank"] })
  words.push({ status: 500, message: errors.internal })
  if (!of.open) words.push({ status: 503, message: errors.unavailable })
  const byStatus = Map.groupBy(words, (word) => word.status)
  return Object.fromEntries([...byStatus].map(([status, same]) => [status, errorAnswer(same)]))
}

type Words = Pick<RefusalWords, 'message' | 'field'> & { readonly status: number }

function errorAnswer(words: readonly Words[]): TSchema {
  const shapes = [...new Set(words.map(shapeOf))]
  const shape = shapes.length === 1 ? (shapes[0] as TSchema) : Type.Union(shapes)
  const examples = words.map(({ field = 'message', message }) => ({ [field]: message }))
  const description = words.map(({ message }) => [message].flat().join(', ')).join('; ')
  return { ...shape, description, examples } as TSchema
}

function shapeOf({ field, message }: Words): TSchema {
  if (field === 'error') return SettingProblem
  return Array.isArray(message) ? Problems : Problem
}
