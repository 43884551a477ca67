import { readConfig } from '../config.ts'
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
    process.stdout.write(banner(snug, config.publicUrl))
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

function banner(snug: Snug, publicUrl: string): string {
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
    const curl = (userId: string) => {
      const { access_token } = sign(userId, DEMO_TOKEN_SECONDS)
      return `  curl -H "Authorization: Bearer ${access_token}" ${url}/api/v1/communities/${demo.communityId}/messages/conversations`
    }
    lines.push(
      '',
      `  The trial. The conversations of the demo creator (${demo.creatorId}):`,
      curl(demo.creatorId),
      '',
      `  and of a demo member (${demo.memberId}):`,
      curl(demo.memberId),
    )
  }
  return `${lines.join('\n')}\n\n`
}
