// Prints every message that a user gets, as it comes, and the unread number of a community: node watch.mjs <user> <community>
import { Snug } from '@snug/client'
import { SnugService } from '@snug/client/service'

const { SNUG_URL: url, SNUG_SERVICE_KEY: key } = process.env
const [user, community] = process.argv.slice(2)
const service = new SnugService({ url, key })
const snug = new Snug({ url, token: async () => (await service.tokens.create(user)).access_token })

snug.stream.onState((state) => console.log(`stream: ${state}`))
snug.stream.on('message.created', ({ message }) =>
  console.log(`${message.sender.username}: ${message.content}`),
)

const inbox = snug.inbox(community)
const show = () => {
  const { state, conversations } = inbox.getSnapshot()
  if (state === 'ready')
    console.log(`unread: ${conversations.reduce((sum, one) => sum + one.unread_count, 0)}`)
}
inbox.subscribe(show)

process.on('SIGTERM', () => {
  inbox.close()
  snug.stream.close()
})
