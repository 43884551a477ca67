import { useId, useState } from 'preact/hooks'
import type { Member } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'
import { Confirm } from '../ui/dialog.tsx'
import { words } from '../words/index.ts'

// CONTRACT §4.
const REASON_MOST = 500

/** Asks before a member is blocked, with a reason, or unblocked. */
export function BlockMember(props: {
  readonly community: string
  readonly member: Member
  readonly onDone: (member: Member) => void
  readonly onClose: () => void
}) {
  const { community, member, onDone, onClose } = props
  const { snug } = useInbox()
  const [reason, setReason] = useState('')
  const id = useId()
  const name = member.user.username
  if (member.is_blocked)
    return (
      <Confirm
        title={words.unblockTitle(name)}
        text={words.unblockExplained}
        action={words.unblock}
        onConfirm={async () => onDone(await snug.members.unblock(community, member.id))}
        onClose={onClose}
      />
    )
  const block = async () => {
    const given = reason.trim()
    onDone(await snug.members.block(community, member.id, given === '' ? {} : { reason: given }))
  }
  return (
    <Confirm
      title={words.blockTitle(name)}
      text={words.blockExplained}
      action={words.block}
      danger
      onConfirm={block}
      onClose={onClose}
    >
      <label class="field" for={id}>
        {words.blockReason}
        <textarea
          id={id}
          rows={2}
          maxLength={REASON_MOST}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
    </Confirm>
  )
}
