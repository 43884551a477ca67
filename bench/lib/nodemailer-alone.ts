import { createTransport } from 'nodemailer'
import { createCompose } from '../../src/notify/email/compose.ts'
import { createLinks } from '../../src/notify/email/links.ts'

// nodemailer by itself, in a process of its own: a letter of Snug's, made once, to a server, over and over through the pool.
const [port, count] = process.argv.slice(2).map(Number) as [number, number]
const links = createLinks({ publicUrl: 'http://127.0.0.1', secret: 'bench' })
const mail = createCompose(
  null,
  'http://127.0.0.1',
  links,
)({
  community: { id: 'community-1', name: 'Community 1' },
  conversationId: '01a204a0-1ecd-7000-b2b7-bb4cea7ff593',
  sender: { id: 'creator-1', username: 'creator 1', avatarUrl: null },
  recipient: { key: 1, id: 'member-1-1', username: 'member 1' },
  messages: [
    {
      id: '01a204a0-2539-7001-9aad-1130e4ca6a49',
      content: 'a message of the bench '.repeat(5),
      createdAt: 0,
    },
  ],
  address: 'member-1-1@example.com',
  count: 1,
})
const transport = createTransport({
  pool: true,
  maxConnections: 5,
  maxMessages: Number.POSITIVE_INFINITY,
  url: `smtp://127.0.0.1:${port}`,
})
let left = count
await Promise.all(
  Array.from({ length: 10 }, async () => {
    while (left-- > 0) await transport.sendMail(mail)
  }),
)
transport.close()
