import type { FastifyInstance } from 'fastify'
import { errors } from '../../../contract/errors.ts'
import { answerProblem } from '../errors.ts'
import { answerPage } from '../page.ts'

/** The trial's emails, which are written to files. */
export interface TrialMail {
  /** The newest first. */
  list(): Promise<readonly { readonly file: string; readonly to: string; readonly subject: string }[]>
  /** Null: there is no such file. */
  read(file: string): Promise<string | null>
}

export interface MailDeps {
  /** Null unless nobody but this machine gets here (`Config.showsMail`): whoever does may read it. */
  readonly trialMail: TrialMail | null
}

/** In the trial: the emails that would have been sent. */
export function mailRoutes(app: FastifyInstance, { trialMail }: MailDeps): void {
  if (trialMail === null) return
  app.get('/mail', { schema: { hide: true } }, async (_request, reply) => {
    const mails = await trialMail.list()
    const text =
      mails.length === 0
        ? 'This is the trial. Emails are not sent but written to files, and listed here. There are none yet: give a user an email address and write to them.'
        : 'This is the trial. Emails are not sent but written to files, the newest first:'
    const links = mails.map(({ file, to, subject }) => ({
      href: `mail/${file}`,
      text: `${subject} (to ${to})`,
    }))
    return answerPage(reply, 200, { title: 'Emails', text, links })
  })

  app.get<{ Params: { file: string } }>('/mail/:file', { schema: { hide: true } }, async (request, reply) => {
    const mail = await trialMail.read(request.params.file)
    if (mail === null) {
      answerProblem(reply, { status: 404, message: errors.notFound })
      return reply
    }
    return reply.type('text/plain; charset=utf-8').send(mail)
  })
}
