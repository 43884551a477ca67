import { randomUUID } from 'node:crypto'
import type { Letter } from '../../src/domain/delivery.ts'
import { createLinks } from '../../src/notify/email/links.ts'

export const links = createLinks({
  publicUrl: 'https://snug.example/inbox/',
  secret: 'a-secret-of-the-installation',
})

export interface LetterParts {
  readonly sender?: string
  readonly community?: string
  readonly recipient?: string
  readonly contents?: readonly string[]
  readonly avatarUrl?: string | null
  readonly address?: string
  /** As many as the contents when it is left out. */
  readonly count?: number
}

/** A letter from ada in The Whisky Club to tom, with what is given put in place of that. */
export function letter(parts: LetterParts = {}): Letter {
  const contents = parts.contents ?? ['How long does it rest?']
  const messages = contents.map((content, i) => ({
    id: randomUUID(),
    content,
    createdAt: 1_790_000_000_000 + i,
  }))
  return {
    community: { id: 'whisky club', name: parts.community ?? 'The Whisky Club' },
    conversationId: randomUUID(),
    sender: { id: 'ada/1', username: parts.sender ?? 'ada', avatarUrl: parts.avatarUrl ?? null },
    recipient: { key: 42, id: 'tom', username: parts.recipient ?? 'tom' },
    messages: messages as unknown as Letter['messages'],
    address: parts.address ?? 'tom@example.com',
    count: parts.count ?? contents.length,
  }
}
