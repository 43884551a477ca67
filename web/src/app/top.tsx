import type { Community } from '../../../client/src/index.ts'
import { Icon, type IconName } from '../ui/icons.tsx'
import { Link } from '../ui/link.tsx'
import { words } from '../words/index.ts'
import { useInbox } from './context.ts'
import type { View } from './route.ts'

/** Above the list: which community, and where else to go. */
export function Top(props: {
  readonly community: Community
  readonly all: readonly Community[]
  readonly view: View
}) {
  const { community, all, view } = props
  const { router } = useInbox()
  const isCreator = community.role === 'creator'
  const pages: readonly (readonly [View, IconName, string])[] = [
    ...(isCreator
      ? ([
          ['members', 'members', words.members],
          ['insights', 'insights', words.insights],
        ] as const)
      : []),
    ['settings', 'settings', words.settings],
  ]
  return (
    <header class="top">
      {all.length > 1 ? (
        <select
          class="switcher"
          aria-label={words.community}
          value={community.id}
          onChange={(event) => router.go({ community: event.currentTarget.value })}
        >
          {all.map(({ id, name, unread_count }) => (
            <option key={id} value={id}>
              {unread_count > 0 ? `${name} (${unread_count})` : name}
            </option>
          ))}
        </select>
      ) : (
        <p class="top-name">
          <bdi>{community.name}</bdi>
        </p>
      )}
      {pages.map(([name, icon, label]) => (
        <Link
          key={name}
          to={{ view: name }}
          class="icon-button"
          label={label}
          current={view === name ? 'page' : undefined}
        >
          <Icon name={icon} />
        </Link>
      ))}
    </header>
  )
}
