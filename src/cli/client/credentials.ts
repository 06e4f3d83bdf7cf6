import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { readSettingFile } from '../../runtime/setting-file.ts'
import { SettingsError } from '../../runtime/settings.ts'

/** How the caller identifies itself to the server, and how it verifies the server. */
export interface Credentials {
  /** Sent with every call. */
  readonly token?: string
  /** PEM: the only CAs that are trusted; absent: those that Node trusts. */
  readonly ca?: string
  /** PEM: the client certificate and its key. */
  readonly cert?: string
  readonly key?: string
}

/** A file, and the option or the variable that names it. */
export interface Source {
  readonly name: string
  readonly file: string | undefined
}
export type CredentialSources = Readonly<Record<'token' | 'ca' | 'cert' | 'key', Source>>

/** What a header can carry and servers accept (RFC 6750, 2.1). */
const TOKEN = /^[\w~+/.-]+=*$/
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Reads the files. Throws `SettingsError`, which never contains the token or the key. */
export function readCredentials({ token, ca, cert, key }: CredentialSources): Credentials {
  for (const [one, other] of [
    [cert, key],
    [key, cert],
  ] as const) {
    if (one.file !== undefined && other.file === undefined)
      throw new SettingsError(`${other.name}: got none, expected a file, since ${one.name} is set`)
  }
  const read = ({ name, file }: Source): string | undefined => (file === undefined ? undefined : readSettingFile(name, file))
  const texts = { ca: read(ca), cert: read(cert), key: read(key) }
  for (const [source, pem] of [
    [ca, texts.ca],
    [cert, texts.cert],
  ] as const) {
    if (pem !== undefined && !isCertificate(pem))
      throw new SettingsError(`${source.name}: got a file without a certificate, expected one in PEM (-----BEGIN CERTIFICATE-----)`)
  }
  const tls = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined))
  try {
    createSecureContext(tls)
  } catch (error) {
    throw new SettingsError(`${key.name}: got a file that does not match ${cert.name}, expected its key in PEM, not encrypted`, {
      cause: error,
    })
  }
  const text = read(token)?.trim()
  if (text !== undefined && !TOKEN.test(text)) {
    throw new SettingsError(
      `${token.name}: got ${text === '' ? 'an empty file' : 'a file that is not a single token'}, expected one token on one line`,
    )
  }
  return { ...tls, ...(text !== undefined && { token: text }) }
}

/** A warning if others could read the token on its way; undefined: they cannot. */
export function tokenAtRisk(address: string, { token }: Credentials): string | undefined {
  const { protocol, hostname, origin } = new URL(address)
  if (token === undefined || protocol === 'https:' || LOOPBACK.test(hostname)) return undefined
  return `warning: the token is sent to ${origin} in clear text, where others may read it: use an https address`
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}
