import type { SendMailOptions } from 'nodemailer'
import type { MailConfig } from '../../config/mail.ts'
import type { Letter } from '../../domain/delivery.ts'
import type { Links } from './links.ts'
import { contentOf } from './template.ts'
import { cleanName } from './text.ts'

/** Writes the mail of a letter. Whatever it throws is a fault of ours: of a letter it takes anything. */
export type Compose = (letter: Letter) => SendMailOptions

/** One @ with something on both sides, and no character that could end the address or make it a list or a group. */
const ADDRESS = /^[^\s@<>,;:"\\()[\]\p{Cc}]+@[^\s@<>,;:"\\()[\]\p{Cc}]+$/u
/** RFC 5321 §4.5.3.1: 64 before the @, 255 after it. */
const ADDRESS_BYTES_MAX = 320

/** Whether an address can be sent to at all, and is read as one address by everybody. */
export function isAddress(address: string): boolean {
  return Buffer.byteLength(address) <= ADDRESS_BYTES_MAX && ADDRESS.test(address)
}

/**
 * Makes what nodemailer is given of a letter. Addresses go in as objects, which it takes as they are; in a string it would
 * look for lists and groups.
 */
export function createCompose(mailFrom: MailConfig['mailFrom'], publicUrl: string, links: Links): Compose {
  const address = mailFrom?.address ?? `no-reply@${hostOf(publicUrl)}`
  const via = cleanName(mailFrom?.name ?? '', '')
  const domain = address.slice(address.lastIndexOf('@') + 1)
  return (letter) => {
    const { sender, recipient, community } = letter
    const unsubscribeUrl = links.unsubscribe(recipient.key)
    const content = contentOf(letter, { threadUrl: links.thread(community.id, sender.id), unsubscribeUrl })
    // Mail clients show a conversation's mails together, though its first mail is nobody's and never existed.
    const conversation = `<${safeId(letter.conversationId)}@${domain}>`
    return {
      from: {
        // The operator's name last: it must not pass for the person's, and where it is cut off nothing is lost.
        name: `${cleanName(sender.username, 'Somebody')} (${cleanName(community.name, 'Snug')})${via && ` via ${via}`}`,
        address,
      },
      to: { name: cleanName(recipient.username, ''), address: letter.address },
      subject: content.subject,
      messageId: `<${safeId(letter.messages.at(-1)!.id)}@${domain}>`,
      inReplyTo: conversation,
      references: conversation,
      headers: {
        // As it is: folded or encoded, RFC 8058's readers would no longer find the link.
        'List-Unsubscribe': { prepared: true, value: `<${unsubscribeUrl}>` },
        'List-Unsubscribe-Post': { prepared: true, value: 'List-Unsubscribe=One-Click' },
        'Auto-Submitted': { prepared: true, value: 'auto-generated' },
      },
      text: content.text,
      html: content.html,
    }
  }
}

/** Ids are UUIDs; were they anything else, they could still end neither a header nor a file's name. */
export function safeId(id: string): string {
  return /^[\w-]{1,64}$/.test(id) ? id : Buffer.from(id).toString('base64url')
}

/** An address cannot be at a bare IP address. */
function hostOf(publicUrl: string): string {
  const { hostname } = new URL(publicUrl)
  return /^[\d.]+$|:/.test(hostname) ? 'localhost' : hostname
}
