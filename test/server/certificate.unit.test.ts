import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SettingsError } from '../../src/runtime/settings.ts'
import { readCertificate, type TlsFile } from '../../src/transport/tls/certificate.ts'
import { createAuthority, daysFromNow } from '../support/certificates.ts'

const authority = createAuthority()
const identity = authority.issue()
const expired = authority.issue({ notAfter: daysFromNow(-0.5) })
const early = authority.issue({ notBefore: daysFromNow(0.5) })

const read = (texts: Partial<Record<TlsFile, string>>, inUse?: ReturnType<typeof readCertificate>) =>
  readCertificate({ ...identity, clientCa: undefined, ...texts }, inUse)

describe("the port's certificate", () => {
  test('is read with its key, its chain and its expiry time', () => {
    const { notAfterMs, outOfDate, context } = read({ cert: identity.cert + authority.cert, clientCa: authority.cert })
    expect(Math.abs(notAfterMs - daysFromNow(1).getTime())).toBeLessThan(3_600_000)
    expect(outOfDate).toBeUndefined()
    expect(context.minVersion).toBe('TLSv1.2')
  })

  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey
  test.each<[string, Partial<Record<TlsFile, string>>, string]>([
    ['an empty certificate', { cert: '' }, 'TLS_CERT_FILE: got a file without certificates, expected certificates in PEM'],
    ['a key instead of the certificate', { cert: identity.key }, 'TLS_CERT_FILE: got a file without certificates'],
    ['a truncated certificate', { cert: identity.cert.slice(0, 200) }, 'TLS_CERT_FILE: got a file without certificates'],
    [
      'a certificate of other bytes',
      { cert: identity.cert.replace(/\n.{64}\n/, '\n') },
      'TLS_CERT_FILE: got a file without readable certificates',
    ],
    ['an empty key', { key: '' }, 'TLS_KEY_FILE: got a file without a private key, expected a private key in PEM'],
    ['the certificate instead of the key', { key: identity.cert }, 'TLS_KEY_FILE: got a file without a private key'],
    ['an encrypted key', { key: encrypted }, 'TLS_KEY_FILE: got an encrypted key, expected a private key in PEM, not encrypted'],
    [
      'the key of another',
      { key: expired.key },
      'TLS_KEY_FILE: got a key of another certificate, expected the key of the first certificate in TLS_CERT_FILE',
    ],
    ['the chain before the certificate', { cert: authority.cert + identity.cert }, 'TLS_KEY_FILE: got a key of another certificate'],
    ['a client CA file without certificates', { clientCa: 'nobody' }, 'TLS_CLIENT_CA_FILE: got a file without certificates'],
  ])('with %s is rejected, and the message shows nothing of the key', (_title, texts, message) => {
    const error = catchError(() => read(texts))
    expect(error).toBeInstanceOf(SettingsError)
    expect(error.message).toContain(message)
    for (const line of `${identity.key}${encrypted}`.split('\n').filter(line => line.length > 20 && !line.startsWith('---'))) {
      expect(String(error.stack)).not.toContain(line)
    }
  })

  test('that has expired is used at the start, with a warning', () => {
    expect(read(expired).outOfDate).toMatch(/^TLS_CERT_FILE: got a certificate that expired at 20/)
    expect(read(early).outOfDate).toMatch(/^TLS_CERT_FILE: got a certificate that is valid from 20/)
  })

  test('that has expired does not replace a valid one, but replaces another expired one', () => {
    const inUse = read({})
    expect(() => read(expired, inUse)).toThrow(/that expired at/)
    expect(() => read(early, inUse)).toThrow(/that is valid from/)
    expect(read(early, read(expired)).outOfDate).toMatch(/valid from/)
  })
})

function catchError(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
