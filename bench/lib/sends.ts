import { requestOf, type Shot } from './load.ts'
import { authorization, type People } from './people.ts'

const CONTENT = 'a message of the bench '.repeat(5)

/** Random sends between creators and members, either way round, each reply compared with what was sent. */
export function randomSends({ communities, members }: People): () => Shot {
  const random = (n: number) => 1 + Math.floor(Math.random() * n)
  return () => {
    const community = random(communities)
    const [creator, member] = [`creator-${community}`, `member-${community}-${random(members)}`]
    const [from, to] = Math.random() < 0.5 ? [creator, member] : [member, creator]
    return sendShot(`community-${community}`, from, to)
  }
}

export function sendShot(communityId: string, from: string, to: string): Shot {
  const body = JSON.stringify({ recipient_id: to, content: CONTENT })
  return {
    request: requestOf('POST', `/api/v1/communities/${communityId}/messages`, authorization(from), body),
    check({ status, body: reply }) {
      const message = status === 201 ? JSON.parse(reply) : null
      if (message?.content !== CONTENT || message.sender.id !== from || message.recipient.id !== to) {
        throw new Error(`a send was answered ${status} ${reply}`)
      }
    },
  }
}
