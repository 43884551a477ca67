import { useState } from 'preact/hooks'
import type { Community, Member } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'
import { useLater, useMade, useStore } from '../app/use.ts'
import { Avatar } from '../ui/avatar.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Search } from '../ui/search.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { dateOf } from '../ui/time.ts'
import { Windowed } from '../ui/windowed.tsx'
import { words } from '../words/index.ts'
import { BlockMember } from './block.tsx'
import { createMembers, type MemberStatus } from './pages.ts'

/** In pixels: as the style sheet has it. */
const ROW_HEIGHT = 72
const SEARCH_AFTER_MS = 200

/** The creator's members: to find, to write to, to block and unblock. */
export function MembersPage({ community }: { community: Community }) {
  const { snug } = useInbox()
  const [status, setStatus] = useState<MemberStatus>('active')
  const [typed, setTyped] = useState('')
  const search = useLater(typed.trim(), SEARCH_AFTER_MS) || undefined
  const members = useMade(
    () => createMembers(snug, community.id, { status, search }),
    [snug, community.id, status, search],
  )
  const pages = useStore(members)
  const [asking, setAsking] = useState<Member | null>(null)
  const { counts } = pages
  const tabs = [
    ['active', words.active, counts?.active],
    ['canceled', words.ended, counts?.canceled],
    ['blocked', words.blocked, counts?.blocked],
  ] as const
  return (
    <>
      <PageHeader title={words.members} />
      <Search label={words.searchMembers} value={typed} onChange={setTyped} />
      <Tabs label={words.memberStatus} tabs={tabs} chosen={status} onChoose={setStatus} />
      {pages.members.length === 0 ? (
        <Nobody state={pages.state} searched={search !== undefined} onRetry={() => members.loadMore()} />
      ) : (
        <Windowed
          key={`${community.id} ${status} ${search}`}
          label={words.members}
          items={pages.members}
          rowHeight={ROW_HEIGHT}
          keyOf={({ id }) => id}
          total={pages.total}
          onEnd={() => members.loadMore()}
          render={(member) => <MemberRow member={member} onAsk={() => setAsking(member)} />}
        />
      )}
      {asking && (
        <BlockMember
          community={community.id}
          member={asking}
          onDone={(member) => members.put(member)}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  )
}

function Nobody(props: { readonly state: string; readonly searched: boolean; readonly onRetry: () => void }) {
  if (props.state === 'loading') return <Notice busy text={words.loading} />
  if (props.state === 'failed')
    return (
      <Notice text={words.failedToLoad}>
        <button type="button" class="button" onClick={props.onRetry}>
          {words.retry}
        </button>
      </Notice>
    )
  return <Notice text={props.searched ? words.noneFound : words.noMembers} />
}

const STATUSES: Readonly<Record<Member['status'], () => string>> = {
  active: () => words.active,
  trialing: () => words.trialing,
  past_due: () => words.pastDue,
  canceled: () => words.ended,
  unpaid: () => words.unpaid,
  incomplete: () => words.incomplete,
}

function MemberRow({ member, onAsk }: { member: Member; onAsk: () => void }) {
  const { router } = useInbox()
  const { user, metadata, is_blocked: isBlocked } = member
  const status = isBlocked ? words.blocked : STATUSES[member.status]()
  const reason = isBlocked && metadata.block_reason ? words.blockedBecause(metadata.block_reason) : null
  return (
    <div class="member">
      <Avatar user={user} />
      <span class="row-name">
        <bdi>{user.username}</bdi>
        {user.name && (
          <small>
            <bdi>{user.name}</bdi>
          </small>
        )}
      </span>
      <span class="row-text">
        <bdi>
          {reason ??
            [status, member.tier_name, words.memberSince(dateOf(member.joined_at))]
              .filter(Boolean)
              .join(' · ')}
        </bdi>
      </span>
      <span class="member-buttons">
        {!isBlocked && (
          <button
            type="button"
            class="button"
            aria-label={`${words.message}: ${user.username}`}
            onClick={() => router.go({ user: user.id })}
          >
            {words.message}
          </button>
        )}
        <button
          type="button"
          class="button"
          aria-label={`${isBlocked ? words.unblock : words.block}: ${user.username}`}
          onClick={onAsk}
        >
          {isBlocked ? words.unblock : words.block}
        </button>
      </span>
    </div>
  )
}
