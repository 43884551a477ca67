import { useEffect, useState } from 'preact/hooks'
import type { Community, Member, User } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'
import { BlockMember } from '../members/block.tsx'
import { Avatar } from '../ui/avatar.tsx'
import { Back } from '../ui/back.tsx'
import { words } from '../words/index.ts'

/** Who it is, whether they type, and what a creator may do about them. */
export function ThreadHeader(props: {
  readonly community: Community
  readonly other: User
  readonly typing: boolean
}) {
  const { community, other, typing } = props
  const { snug } = useInbox()
  const [member, setMember] = useState<Member | null>(null)
  const [asking, setAsking] = useState(false)
  useEffect(() => {
    setMember(null)
    if (community.role !== 'creator') return
    const control = new AbortController()
    // Somebody erased is no member any more.
    snug.members.get(community.id, other.id, { signal: control.signal }).then(setMember, () => {})
    return () => control.abort()
  }, [snug, community.id, community.role, other.id])
  const name = other.username === 'deleted' ? words.deletedUser : other.username
  return (
    <header class="pane-header">
      <Back />
      <Avatar user={other} small />
      <h2>
        <bdi>{name}</bdi>
        <small aria-live="off">{typing ? words.typing(name) : (member?.tier_name ?? '')}</small>
      </h2>
      {member && (
        <button type="button" class="button" onClick={() => setAsking(true)}>
          {member.is_blocked ? words.unblock : words.block}
        </button>
      )}
      {member && asking && (
        <BlockMember
          community={community.id}
          member={member}
          onDone={setMember}
          onClose={() => setAsking(false)}
        />
      )}
    </header>
  )
}
