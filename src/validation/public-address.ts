import ipaddr from 'ipaddr.js'

/**
 * Whether a URL's host may be told of as a push service's: any name but localhost, and addresses that are public or in one of the ranges.
 * A name is not resolved: what counts is the address that is connected to, at the time of connecting.
 * @param hostname as `URL` gives it, which has every way of writing an IPv4 address put into one
 * @param allow ranges in CIDR form, such as `10.0.0.0/8`, that are allowed although they are not public
 */
export function mayBePublic(hostname: string, allow: readonly string[]): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  if (host === 'localhost' || host.endsWith('.localhost'))
    return allowed('127.0.0.1', allow) || allowed('::1', allow)
  return !ipaddr.isValid(host) || isPublic(host) || allowed(host, allow)
}

function isPublic(host: string): boolean {
  const address = ipaddr.process(host)
  if (address.range() !== 'unicast') return false
  // Global addresses of IPv6 are all in 2000::/3; ::127.0.0.1, of the deprecated ::/96, is none although it has no range's name.
  return address.kind() === 'ipv4' || address.match(ipaddr.parseCIDR('2000::/3'))
}

function allowed(host: string, allow: readonly string[]): boolean {
  const address = ipaddr.process(host)
  return allow.some((cidr) => {
    const [range, bits] = ipaddr.parseCIDR(cidr)
    return range.kind() === address.kind() && address.match([range, bits] as never)
  })
}
