import type { MailConfig } from '../../config/mail.ts'
import type { SendLetter } from '../../domain/delivery.ts'
import { createCompose } from './compose.ts'
import type { Links } from './links.ts'
import { createMailbox } from './mailbox.ts'
import { createSmtp, type Waits } from './smtp.ts'

export interface Email {
  /** Rejects for a letter that could not be composed, which is a fault of ours; all that is the server's is an outcome. */
  readonly send: SendLetter
  /** How many letters are worth having under way at once. */
  readonly concurrency: number
  /** How long its server is not to be asked, in milliseconds; 0: it may be. */
  pausedMs(): number
  /** Takes no more letters, and waits up to 2 s for those under way before it breaks their lines. */
  close(): Promise<void>
}

export interface EmailOptions {
  readonly mail: Pick<MailConfig, 'smtpUrl' | 'mailFrom'>
  readonly dataDir: string
  readonly publicUrl: string
  readonly links: Links
  /** Takes lines for the operator. */
  readonly log: (line: string) => void
  readonly waits?: Waits
}

/** Email as it is configured: by SMTP, or into files where no server is given (CONTRACT §8). */
export function createEmail({ mail, dataDir, publicUrl, links, log, waits }: EmailOptions): Email {
  const compose = createCompose(mail.mailFrom, publicUrl, links)
  return mail.smtpUrl === null
    ? createMailbox({ dataDir, compose })
    : createSmtp({ url: mail.smtpUrl, compose, log, ...(waits && { waits }) })
}
