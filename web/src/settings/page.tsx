import { useEffect, useState } from 'preact/hooks'
import type { Setting } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Scroll } from '../ui/scroll.tsx'
import { words } from '../words/index.ts'
import { ThisDevice } from './device.tsx'
import { Looks } from './looks.tsx'

type Settings = Readonly<Record<string, string>>

/** What the caller is told of, and how; kept as soon as it is changed. */
export function SettingsPage() {
  const { snug, isPage, forget } = useInbox()
  const [settings, setSettings] = useState<Settings | null>(null)
  const [told, setTold] = useState<'saved' | 'notSaved' | 'failedToLoad' | null>(null)
  const load = () => {
    snug.settings.list().then(
      (all: readonly Setting[]) => setSettings(Object.fromEntries(all.map(({ key, value }) => [key, value]))),
      () => setTold('failedToLoad'),
    )
  }
  useEffect(load, [snug])
  const save = async (key: Parameters<typeof snug.settings.set>[0], value: string) => {
    const before = settings
    setSettings({ ...settings, [key]: value })
    try {
      await snug.settings.set(key, value)
      setTold('saved')
    } catch {
      setSettings(before)
      setTold('notSaved')
    }
  }
  return (
    <>
      <PageHeader title={words.settings} />
      <Scroll class="page" label={words.settings}>
        <section>
          <h3>{words.notifications}</h3>
          {settings === null ? (
            <Notice busy={told === null} text={told === null ? words.loading : words.failedToLoad} />
          ) : (
            <>
              <Switch
                label={words.emailMe}
                text={words.emailExplained}
                on={settings['messages.email'] !== 'false'}
                onChange={(on) => void save('messages.email', String(on))}
              />
              {'messages.email_delay' in settings && (
                <Delay
                  value={settings['messages.email_delay'] ?? '0'}
                  onChange={(value) => void save('messages.email_delay', value)}
                />
              )}
              <Switch
                label={words.pushMe}
                text={words.pushExplained}
                on={settings['messages.push'] !== 'false'}
                onChange={(on) => void save('messages.push', String(on))}
              />
              {'messages.quiet_hours' in settings && (
                <QuietHours
                  value={settings['messages.quiet_hours'] ?? ''}
                  onChange={(value) => void save('messages.quiet_hours', value)}
                />
              )}
            </>
          )}
          <p class="told" role="status">
            {told === 'saved' && words.saved}
            {told === 'notSaved' && <span class="fault">{words.notSaved}</span>}
          </p>
        </section>
        {isPage && <ThisDevice />}
        <Looks />
        {isPage && (
          <section>
            <p>{words.forgetExplained}</p>
            <button
              type="button"
              class="button"
              onClick={() => void forget().then(() => location.replace('.'))}
            >
              {words.forgetHere}
            </button>
          </section>
        )}
      </Scroll>
    </>
  )
}

function Switch(props: {
  readonly label: string
  readonly text: string
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}) {
  return (
    <label class="switch">
      <span>
        {props.label}
        <small>{props.text}</small>
      </span>
      <input
        type="checkbox"
        role="switch"
        aria-checked={props.on}
        checked={props.on}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
    </label>
  )
}

function Delay({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const delays = [
    ['0', words.delayNone],
    ['300', words.delayMinutes],
    ['3600', words.delayHour],
    ['daily', words.delayDaily],
  ] as const
  return (
    <label class="field-line">
      {words.emailDelay}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {delays.map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
    </label>
  )
}

const USUAL = '22:00-07:00'

function QuietHours({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [from = '', until = ''] = value.split('-')
  const times = [
    [words.from, from, (time: string) => `${time}-${until}`],
    [words.until, until, (time: string) => `${from}-${time}`],
  ] as const
  return (
    <>
      <Switch
        label={words.quietHours}
        text={words.quietExplained}
        on={value !== ''}
        onChange={(on) => onChange(on ? USUAL : '')}
      />
      {value !== '' && (
        <div class="field-line">
          {times.map(([label, time, withTime]) => (
            <label key={label}>
              {label}
              <input
                type="time"
                value={time}
                required
                onChange={(event) =>
                  event.currentTarget.value && onChange(withTime(event.currentTarget.value))
                }
              />
            </label>
          ))}
        </div>
      )}
    </>
  )
}
