import { readConfig } from '../config.ts'
import { loadSecrets } from '../secrets.ts'
import { createSigner } from '../tokens/sign.ts'
import { UsageError } from './help.ts'
import type { Command } from './index.ts'

const DEFAULT_SECONDS = 3_600

export const token: Command = {
  help: `snug token <user id> [--expires-in <seconds>]

Prints a token for a user, signed with SNUG_JWT_SECRET or the secret in the data folder. The server accepts it when it knows
the user. Default: ${DEFAULT_SECONDS} seconds.
`,
  options: { 'expires-in': { type: 'string' } },
  async run(values, [userId, ...more]) {
    if (userId === undefined || more.length > 0)
      throw new UsageError('One user id is needed: snug token <user id>')
    const config = readConfig(process.env)
    const { jwtSecret } = loadSecrets(config)
    const sign = createSigner({ secret: jwtSecret, issuer: config.jwtIssuer, audience: config.jwtAudience })
    try {
      const signed = sign(userId, Number(values['expires-in'] ?? DEFAULT_SECONDS))
      process.stdout.write(`${signed.access_token}\n`)
    } catch (error) {
      if (error instanceof RangeError) throw new UsageError(error.message)
      throw error
    }
    return 0
  },
}
