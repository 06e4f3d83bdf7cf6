import { isIPv6 } from 'node:net'
import { MAX_PORT } from './address.ts'
import { SettingsError } from './settings.ts'

/** The parts of a URL with the address of a server, unescaped; absent or empty parts are undefined. */
export interface AddressUrl {
  /** In lower case. */
  readonly scheme: string
  readonly user: string | undefined
  readonly password: string | undefined
  /** A name, an address (IPv6 without brackets), or the folder of a socket. */
  readonly host: string
  readonly port: number | undefined
  /** What follows the host and its slash. */
  readonly path: string
  readonly parameters: ReadonlyMap<string, string>
}

export interface AddressUrlOptions {
  /** The environment variable that carries it. */
  readonly setting: string
  readonly schemes: readonly string[]
  /** What a valid one looks like. */
  readonly expected: string
  /** The environment variable for an unescaped password. */
  readonly passwordSetting: string
  /** What to write in place of several hosts. */
  readonly oneHost: string
  /** The supported parameters. Default: none. */
  readonly parameters?: readonly string[]
}

const PARTS = /^([a-z][a-z0-9+.-]*):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^@#]*))?$/is
const HOST_AND_PORT = /^(\[[^\]]*\]|[^:[\]]*)(?::([^:]*))?$/s
const HOST_NAME = /^[a-z0-9_]([a-z0-9._-]*[a-z0-9_.])?$/i

/**
 * Parses such a URL strictly: an ambiguous one is refused with the reason. No message contains any part of it, because any
 * part may be a piece of an unescaped password. Throws `SettingsError`.
 */
export function parseAddressUrl(text: string, options: AddressUrlOptions): AddressUrl {
  const refuse = (reason: string): never => {
    throw new SettingsError(`${options.setting}: got a URL ${reason} (it is not shown: secret), expected ${options.expected}`)
  }
  const unescape = (part: string): string => unescaped(part) ?? refuse(`with a % that does not start an escape, ${escapeIt(options)}`)
  const trimmed = text.trim()
  if (hasBlank(trimmed)) refuse(`with white space or a control character, ${escapeIt(options)}`)
  const [, scheme = '', userinfo, hostAndPort = '', path = '', query = ''] = PARTS.exec(trimmed) ?? refuse(wrongParts(trimmed, options))
  if (!options.schemes.includes(scheme.toLowerCase())) refuse(`with a scheme other than ${options.schemes.join(' or ')}`)
  const [user, password] = splitAt(userinfo ?? '', ':').map(unescape)
  return {
    scheme: scheme.toLowerCase(),
    user: user || undefined,
    password: password || undefined,
    ...parseHost(hostAndPort, options, refuse, unescape),
    path: path.includes('/') ? refuse(`with more than one / after the host, ${escapeIt(options)}`) : unescape(path),
    parameters: parseParameters(query, options, refuse, unescape),
  }
}

type Refuse = (reason: string) => never
type Unescape = (part: string) => string

function escapeIt({ passwordSetting }: AddressUrlOptions): string {
  return `perhaps in a password: write special characters of user and password as %XX (# %23, % %25, / %2F, : %3A, ? %3F, @ %40), or set the password unescaped in ${passwordSetting}`
}

function wrongParts(text: string, options: AddressUrlOptions): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return 'without a scheme and ://'
  return `with more than one @, or a misplaced / ? or #, ${escapeIt(options)}`
}

function parseHost(text: string, { oneHost }: AddressUrlOptions, refuse: Refuse, unescape: Unescape): Pick<AddressUrl, 'host' | 'port'> {
  if (text.includes(',')) refuse(`with several hosts: Ping accepts one; ${oneHost}`)
  const [, host = '', port] =
    HOST_AND_PORT.exec(text) ?? refuse('whose host and port cannot be distinguished: write an IPv6 address in [ ]')
  if (host === '') refuse('without a host')
  return { host: parseHostName(host, refuse, unescape), port: port ? parsePort(port, refuse) : undefined }
}

function parseHostName(text: string, refuse: Refuse, unescape: Unescape): string {
  if (text.startsWith('[')) {
    const address = unescape(text.slice(1, -1))
    return isIPv6(address) ? address : refuse('with [ ] that do not hold an IPv6 address')
  }
  const host = unescape(text)
  if (host.startsWith('/') || HOST_NAME.test(host)) return host
  return refuse('whose host is neither a name nor an address')
}

function parsePort(text: string, refuse: Refuse): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= MAX_PORT ? port : refuse(`whose port is not an integer from 1 to ${MAX_PORT}`)
}

function parseParameters(query: string, options: AddressUrlOptions, refuse: Refuse, unescape: Unescape): ReadonlyMap<string, string> {
  const { parameters: known = [] } = options
  const parameters = new Map<string, string>()
  for (const [name = '', value = ''] of query
    .split('&')
    .filter(Boolean)
    .map(part => splitAt(part, '=').map(unescape))) {
    if (!known.includes(name))
      refuse(`with a parameter${known.length === 0 ? '' : ` other than ${known.join(' and ')}`}, ${escapeIt(options)}`)
    if (parameters.has(name)) refuse(`with ${name} twice`)
    parameters.set(name, value)
  }
  return parameters
}

/** Two strings; the second is empty if the separator is missing. */
function splitAt(text: string, separator: string): readonly [string, string] {
  const index = text.indexOf(separator)
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + separator.length)]
}

/** Undefined if a % does not start an escape, or if the escaped character is not text, such as %00. */
function unescaped(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text)
    return plain.includes('\0') ? undefined : plain
  } catch {
    return undefined
  }
}

function hasBlank(text: string): boolean {
  return /[\s\p{Cc}]/u.test(text)
}
