import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import { Agent, type AgentOptions } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An endpoint leads to where nothing of the world's may lead. */
export class NotPublic extends Error {
  override name = 'NotPublic'
}

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>

/** All that is given out of IPv6 to the public internet (IANA). `unicast` of ipaddr.js is also what is not given out. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')

/**
 * Whether an address may be connected to: public, or in one of the ranges allowed. Addresses of IPv4 that are written
 * as IPv6 count as what they are.
 * @param allow CIDR ranges
 */
export function publicAddresses(allow: readonly string[]): (address: string) => boolean {
  const ranges = allow.map((range) => ipaddr.parseCIDR(range))
  const within = (address: ipaddr.IPv4 | ipaddr.IPv6, range: [ipaddr.IPv4 | ipaddr.IPv6, number]) =>
    address.kind() === range[0].kind() && address.match(range)
  return (text) => {
    if (!ipaddr.isValid(text)) return false
    const address = ipaddr.process(text)
    if (ranges.some((range) => within(address, range))) return true
    if (address.kind() === 'ipv6' && !within(address, GLOBAL_IPV6)) return false
    return address.range() === 'unicast'
  }
}

/**
 * An agent that connects to permitted addresses alone. The check is made on the addresses that the connection is then
 * opened with, once for each connection: a name that is looked up first and again for connecting could answer
 * differently the second time (DNS rebinding). A name of which any address is not permitted is refused whole, since no
 * push service has such a name. Literal addresses never reach a lookup, so they are checked by themselves.
 */
export class PublicAgent extends Agent {
  readonly #permitted: (address: string) => boolean
  readonly #lookup: LookupFunction

  constructor(permitted: (address: string) => boolean, resolve: Resolve | undefined, options: AgentOptions) {
    super(options)
    this.#permitted = permitted
    this.#lookup = lookupOf(permitted, resolve ?? resolveBySystem)
  }

  override createConnection(
    ...[options, done]: Parameters<Agent['createConnection']>
  ): ReturnType<Agent['createConnection']> {
    const host = String((options as { host?: unknown }).host ?? '').replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !this.#permitted(host)) {
      // By the callback: a connection for a request that waited is opened where nobody would catch it.
      done?.(new NotPublic('not a public address'), undefined as never)
      return undefined
    }
    return super.createConnection({ ...options, lookup: this.#lookup } as typeof options, done)
  }
}

function lookupOf(permitted: (address: string) => boolean, resolve: Resolve): LookupFunction {
  return (host, options, done) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses
        if (!first || !addresses.every(({ address }) => permitted(address))) {
          done(new NotPublic('not a public address'), '')
        } else if (options.all) done(null, [...addresses])
        else done(null, first.address, first.family)
      },
      (error) => done(error, ''),
    )
  }
}

function resolveBySystem(host: string): Promise<readonly LookupAddress[]> {
  const options: LookupOptions & { all: true } = { all: true }
  return new Promise((resolve, reject) => {
    systemLookup(host, options, (error, addresses) => (error ? reject(error) : resolve(addresses)))
  })
}
