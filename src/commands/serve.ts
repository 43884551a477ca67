import { type Config, readConfig } from '../config.ts'
import { type Snug, startSnug } from '../main.ts'
import type { Command } from './index.ts'

const DEMO_TOKEN_SECONDS = 7 * 86_400

export const serve: Command = {
  help: `snug serve

Starts the server. Without DATABASE_URL it starts its own PostgreSQL in SNUG_DATA_DIR (./data).
SIGTERM or Ctrl-C stops it when the requests that have begun are answered.
`,
  options: {},
  async run() {
    const config = readConfig(process.env)
    const stopping = signalled()
    const snug = await startSnug(config, (line) => process.stderr.write(`${line}\n`))
    process.stdout.write(banner(snug, config))
    await stopping
    await snug.stop()
    return 0
  },
}

/** Resolves at the first SIGTERM or SIGINT. Listens from the start on, so that none is missed while starting. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
  })
}

function banner(snug: Snug, { publicUrl, showsMail }: Config): string {
  const { url, secrets, database, demo, sign } = snug
  const lines = [
    '',
    `  Snug listens on ${url}`,
    `  Data             ${database.place}`,
    `  API reference    ${url}/docs`,
    ...(publicUrl === url ? [] : [`  Users reach it   at ${publicUrl} (SNUG_PUBLIC_URL)`]),
    ...(secrets.serviceKeyPath ? [`  Service key      in ${secrets.serviceKeyPath}`] : []),
    ...(secrets.jwtSecretPath ? [`  Token secret     in ${secrets.jwtSecretPath}`] : []),
  ]
  if (demo) {
    const token = (userId: string) => sign(userId, DEMO_TOKEN_SECONDS).access_token
    const inbox = (userId: string) => `  ${url}/?community=${demo.communityId}#token=${token(userId)}`
    lines.push(
      ...(showsMail ? [`  Emails           ${url}/mail`] : []),
      '',
      `  The trial. The inbox of the demo creator (${demo.creatorId}):`,
      inbox(demo.creatorId),
      '',
      `  and of a demo member (${demo.memberId}), to be opened beside it:`,
      inbox(demo.memberId),
      '',
      '  The same by the API:',
      `  curl -H "Authorization: Bearer ${token(demo.creatorId)}" ${url}/api/v1/communities/${demo.communityId}/messages/conversations`,
      `  curl -H "Authorization: Bearer ${token(demo.memberId)}" ${url}/api/v1/communities/${demo.communityId}/messages/conversations`,
    )
  }
  return `${lines.join('\n')}\n\n`
}
