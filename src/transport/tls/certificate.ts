import { constants, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { SettingsError } from '../../runtime/settings.ts'
import type { Texts } from '../../runtime/watch-files.ts'

/** The files of TLS on Ping's port. */
export type TlsFile = 'cert' | 'key' | 'clientCa'

/** A certificate with its key, checked, as the port uses it. */
export interface ServerCertificate {
  readonly context: SecureContextOptions
  /** When it expires, in ms since the epoch. */
  readonly notAfterMs: number
  /** Why callers reject it now. Undefined: it is valid now. */
  readonly outOfDate: string | undefined
}

export const CERT_SETTING = 'TLS_CERT_FILE'
export const KEY_SETTING = 'TLS_KEY_FILE'
export const CLIENT_CA_SETTING = 'TLS_CLIENT_CA_FILE'

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * Checks that the files form a server's identity. An expired certificate is accepted at the start, because the alternative is no
 * server at all, but it does not replace a valid one. Throws `SettingsError`, which shows nothing of the key.
 */
export function readCertificate(
  { cert = '', key = '', clientCa }: Texts<TlsFile>,
  inUse: ServerCertificate | undefined,
  nowMs = Date.now(),
): ServerCertificate {
  const [leaf] = certificatesOf(CERT_SETTING, cert)
  if (leaf === undefined || !leaf.checkPrivateKey(privateKeyOf(key))) {
    throw new SettingsError(
      `${KEY_SETTING}: got a key of another certificate, expected the key of the first certificate in ${CERT_SETTING}`,
    )
  }
  if (clientCa !== undefined) certificatesOf(CLIENT_CA_SETTING, clientCa)
  const outOfDate = outOfDateOf(leaf, nowMs)
  if (outOfDate !== undefined && inUse !== undefined && nowMs <= inUse.notAfterMs) throw new SettingsError(outOfDate)
  const context: SecureContextOptions = {
    cert,
    key,
    ...(clientCa !== undefined && { ca: clientCa }),
    minVersion: 'TLSv1.2',
    // For a resumed session, neither the dates nor the issuer of the certificate are checked again.
    ...(clientCa !== undefined && { secureOptions: constants.SSL_OP_NO_TICKET }),
  }
  try {
    createSecureContext(context)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new SettingsError(`${CERT_SETTING}: got a value that OpenSSL rejects (${why}), expected a certificate with its chain`, {
      cause: error,
    })
  }
  return { context, notAfterMs: leaf.validToDate.getTime(), outOfDate }
}

/** All certificates in a PEM text. Throws if there is none. */
function certificatesOf(setting: string, pem: string): readonly X509Certificate[] {
  const blocks = pem.match(PEM_CERTIFICATE) ?? []
  try {
    if (blocks.length > 0) return blocks.map(block => new X509Certificate(block))
  } catch {
    // It cannot be decoded: the error is thrown below.
  }
  throw new SettingsError(
    `${setting}: got a file without ${blocks.length > 0 ? 'readable ' : ''}certificates, expected certificates in PEM (-----BEGIN CERTIFICATE-----)`,
  )
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    const got = pem.includes('ENCRYPTED') ? 'an encrypted key' : 'a file without a private key'
    throw new SettingsError(`${KEY_SETTING}: got ${got}, expected a private key in PEM, not encrypted`)
  }
}

function outOfDateOf({ validFromDate, validToDate }: X509Certificate, nowMs: number): string | undefined {
  if (nowMs > validToDate.getTime())
    return `${CERT_SETTING}: got a certificate that expired at ${validToDate.toISOString()}, expected one that is valid now`
  if (nowMs < validFromDate.getTime())
    return `${CERT_SETTING}: got a certificate that is valid from ${validFromDate.toISOString()}, expected one that is valid now`
  return undefined
}
