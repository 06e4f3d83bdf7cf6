import { isIP } from 'node:net'

/** An address at which a program that listens on `hosts` is reachable. */
export function reachable([host = '127.0.0.1']: readonly string[]): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
}

/** The URL of a program that listens on `hosts`. */
export function urlOf(hosts: readonly string[], port: number): string {
  const host = reachable(hosts)
  return `http://${isIP(host) === 6 ? `[${host.replace('%', '%25')}]` : host}:${port}`
}
