import { useEffect, useState } from 'preact/hooks'
import type { Community, Insights } from '../../../client/src/index.ts'
import { useInbox } from '../app/context.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Scroll } from '../ui/scroll.tsx'
import { dateOf, dayOf, spanOf } from '../ui/time.ts'
import { words } from '../words/index.ts'
import { Bars, Line, Rows } from './plots.tsx'

/** How a creator's conversations go, as pictures; the same as tables for whoever reads rather than looks. */
export function InsightsPage({ community }: { community: Community }) {
  const { snug } = useInbox()
  const [insights, setInsights] = useState<Insights | 'failed' | null>(null)
  useEffect(() => {
    const control = new AbortController()
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
    snug.communities
      .insights(community.id, { time_zone: timeZone, signal: control.signal })
      .then(setInsights, () => !control.signal.aborted && setInsights('failed'))
    return () => control.abort()
  }, [snug, community.id])
  return (
    <>
      <PageHeader title={words.insights} />
      {insights === null || insights === 'failed' ? (
        <Notice busy={insights === null} text={insights === null ? words.loading : words.failedToLoad} />
      ) : (
        <Scroll class="page" label={words.insights}>
          {!insights.complete && <p>{words.insightsSince(dateOf(insights.since))}</p>}
          <Days days={insights.messages_by_day} />
          <Replies weeks={insights.reply_times_by_week} />
          <Awaiting ages={insights.awaiting_reply_by_age} />
        </Scroll>
      )}
    </>
  )
}

function Days({ days }: { days: Insights['messages_by_day'] }) {
  const received = days.reduce((sum, day) => sum + day.received, 0)
  const sent = days.reduce((sum, day) => sum + day.sent, 0)
  return (
    <section>
      <h3>{words.messagesADay}</h3>
      <p class="legend">
        <span class="legend-received">{`${words.received}: ${received}`}</span>
        <span class="legend-sent">{`${words.sentByYou}: ${sent}`}</span>
      </p>
      <Bars
        label={`${words.messagesADay}. ${words.received}: ${received}. ${words.sentByYou}: ${sent}.`}
        bars={days.map((day) => ({ name: dayOf(day.day), up: day.received, down: day.sent }))}
      />
      <Table
        head={[words.day, words.received, words.sentByYou]}
        rows={days.map((day) => [dayOf(day.day), String(day.received), String(day.sent)])}
      />
    </section>
  )
}

function Replies({ weeks }: { weeks: Insights['reply_times_by_week'] }) {
  const shown = weeks.map(({ week, median_seconds: seconds }) => {
    return { name: dayOf(week), value: seconds, text: seconds === null ? words.noReplies : spanOf(seconds) }
  })
  const last = shown.findLast(({ value }) => value !== null)
  return (
    <section>
      <h3>{words.medianReply}</h3>
      <Line
        label={`${words.medianReply}. ${last ? `${last.name}: ${last.text}` : words.noReplies}`}
        points={shown}
      />
      <Table head={[words.week, words.medianReply]} rows={shown.map(({ name, text }) => [name, text])} />
    </section>
  )
}

function Awaiting({ ages }: { ages: Insights['awaiting_reply_by_age'] }) {
  const rows = ages.map(({ from_seconds: from, to_seconds: to, conversations }) => ({
    name: to === null ? words.over(spanOf(from)) : words.under(spanOf(to)),
    value: conversations,
  }))
  return (
    <section>
      <h3>{words.awaitingByAge}</h3>
      <Rows
        rows={rows}
        label={`${words.awaitingByAge}: ${rows.map((row) => `${row.name} ${row.value}`).join(', ')}`}
      />
    </section>
  )
}

function Table({ head, rows }: { head: readonly string[]; rows: readonly (readonly string[])[] }) {
  return (
    <details>
      <summary>{words.asTable}</summary>
      <table>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row[0]}>
              {row.map((value, i) => (
                <td key={head[i]}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
