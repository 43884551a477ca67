import { createTransport } from 'nodemailer'
import type { Config } from '../config.ts'
import { type Finding, wordsOf } from './index.ts'

const TIMEOUT_MS = 5_000

/** Whether the SMTP server can be reached and takes our name and password. No message is sent. */
export async function* checkMail(config: Config): AsyncGenerator<Finding> {
  const subject = 'mail'
  const { smtpUrl, mailFrom } = config.mail
  if (smtpUrl === null) {
    yield { kind: 'good', subject, says: 'SMTP_URL is not set' }
    return
  }
  const timeouts = { connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS }
  const transport = createTransport({ url: smtpUrl, ...timeouts })
  try {
    await transport.verify()
    yield { kind: 'good', subject, says: `the SMTP server at ${new URL(smtpUrl).host} takes our mail` }
  } catch (error) {
    const says = `the SMTP server at ${new URL(smtpUrl).host}: ${wordsOf(error)}`
    yield {
      kind: 'fault',
      subject,
      says,
      advice: 'check SMTP_URL: host, port, user, password, smtp:// or smtps://',
    }
  } finally {
    transport.close()
  }
  if (mailFrom === null) {
    yield {
      kind: 'notice',
      subject,
      says: 'SNUG_MAIL_FROM is not set',
      advice: 'set it to the address that mail comes from',
    }
  }
}
