import { useState } from 'preact/hooks'
import type { User } from '../../../client/src/index.ts'

const HUES = 8

/** The same colour for a person everywhere. */
function hueOf(id: string): number {
  let sum = 0
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return sum % HUES
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The picture, or the first letter where there is none or it cannot be had. Beside the name: nothing to be read out. */
export function Avatar({ user, small = false }: { user: User; small?: boolean }) {
  const [failed, setFailed] = useState<string | null>(null)
  const url = user.avatar_url
  const [first] = graphemes.segment(user.username.trim().slice(0, 16))
  return (
    <span class={`avatar hue-${hueOf(user.id)}${small ? ' avatar-small' : ''}`} aria-hidden="true">
      {url !== null && url !== failed ? (
        <img src={url} alt="" loading="lazy" referrerpolicy="no-referrer" onError={() => setFailed(url)} />
      ) : (
        <bdi>{(first?.segment ?? '').toUpperCase()}</bdi>
      )}
    </span>
  )
}
