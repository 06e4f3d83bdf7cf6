import { isIPv6 } from 'node:net'
import type { Setting } from './settings.ts'

/** The address of something that listens. */
export interface Address {
  /** A name or an address; one of IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

export const MAX_PORT = 65_535
const FORM = /^(?:\[(?<v6>[^\]%]+(?:%[\w.-]+)?)\]|(?<name>[\p{L}\p{N}_](?:[\p{L}\p{N}._-]*))):(?<port>\d{1,5})$/u

/** Reads `host:port` or `[IPv6]:port`; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const { v6, name = v6, port } = FORM.exec(text)?.groups ?? {}
  if (name === undefined || (v6 !== undefined && !isIPv6(v6))) return undefined
  return Number(port) >= 1 && Number(port) <= MAX_PORT ? { host: name, port: Number(port) } : undefined
}

/** A setting of one or more addresses, separated by commas. */
export function addressList(
  env: string,
  { help, fallback }: Pick<Setting<readonly string[]>, 'help' | 'fallback'>,
): Setting<readonly string[]> {
  return {
    env,
    help,
    fallback,
    secret: false,
    expected: 'host:port,host:port,… (an IPv6 address in brackets, without kafka://)',
    parse: text => {
      const items = text.split(',').map(item => item.trim())
      return items.every(item => parseAddress(item) !== undefined) ? items : undefined
    },
  }
}
