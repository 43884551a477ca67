import type { FastifyInstance } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { changeSetting } from '../../actions/change-setting.ts'
import type { Db } from '../../store/db.ts'
import { operation } from '../operation.ts'
import { answerPage, type Page } from '../page.ts'

const ASK: Page = {
  title: 'Turn off emails about messages?',
  text: 'You will get no more emails when somebody writes to you. Your messages stay where they are.',
  button: 'Turn off emails',
}
const DONE: Page = {
  title: 'Emails are turned off',
  text: 'You will get no more emails when somebody writes to you. You can turn them on again in your notification settings.',
}
const NOT_FOUND: Page = {
  title: 'This link does not work',
  text: 'Part of it may have been lost on its way. Open it from the email once more, or turn emails off in your notification settings.',
}

const tag = 'Notifications'
const params = { token: 'From the link of an email' }
const html = (description: string) =>
  ({
    description,
    content: { 'text/html': { schema: Type.String({ examples: ['<!doctype html>…'] }) } },
  }) as unknown as TSchema
const broken = html('This link does not work')

const askOperation = operation({
  tag,
  summary: 'Show the page that turns emails off',
  description: 'A button, and nothing is changed: programs that look into mailboxes open links.',
  params,
  open: true,
  answers: { 200: html('The page'), 404: broken },
})
const offOperation = operation({
  tag,
  summary: 'Turn emails off',
  description: 'Without signing in: the link is signed (RFC 8058). The body is not looked at.',
  params,
  open: true,
  answers: { 200: html('Emails are turned off'), 404: broken },
})
const offRoute = {
  ...offOperation,
  schema: {
    ...offOperation.schema,
    consumes: ['application/x-www-form-urlencoded', 'multipart/form-data'],
    body: Type.Object({ 'List-Unsubscribe': Type.Optional(Type.String({ examples: ['One-Click'] })) }),
  },
  // For the reader: whoever has the link may turn emails off, whatever else is said.
  validatorCompiler: () => () => true,
}

export interface UnsubscribeDeps {
  readonly db: Db
  /** The key of the user whom the link is for; null for a token that was not made here. */
  readonly readUnsubscribe: (token: string) => number | null
}

type Path = { Params: { token: string } }

/** The link of an email that turns `messages.email` off: CONTRACT §5. */
export async function unsubscribeRoutes(
  app: FastifyInstance,
  { db, readUnsubscribe }: UnsubscribeDeps,
): Promise<void> {
  await app.register(async (open) => {
    // Mail services post a form (RFC 8058, section 3.2), which is no JSON. Read, so that the connection can be used again, and let go.
    open.removeAllContentTypeParsers()
    open.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null, undefined))

    open.get<Path>('/unsubscribe/:token', askOperation, async (request, reply) =>
      readUnsubscribe(request.params.token) === null
        ? answerPage(reply, 404, NOT_FOUND)
        : answerPage(reply, 200, ASK),
    )

    open.post<Path>('/unsubscribe/:token', offRoute, async (request, reply) => {
      const userKey = readUnsubscribe(request.params.token)
      if (userKey === null) return answerPage(reply, 404, NOT_FOUND)
      await changeSetting(db, userKey, 'messages.email', false)
      return answerPage(reply, 200, DONE)
    })
  })
}
