/** The absolute form (RFC 9112, 3.2.2), which clients send to proxies and every server must accept. */
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^]*)$/i

/**
 * Path and query of a request's target, in either form. Undefined for an absolute URL without a host, or with a
 * user name, which requests must not have (RFC 9110, 4.2).
 */
export function requestTarget(target: string): string | undefined {
  if (target.startsWith('/')) return target
  const [, authority, rest = ''] = ABSOLUTE.exec(target) ?? []
  if (authority === undefined) return target
  if (authority === '' || authority.includes('@')) return undefined
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** A target without its query. */
export function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}
