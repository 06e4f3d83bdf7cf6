import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate with its key, both in PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

export interface IdentityOptions {
  /** DNS names and IPv4 addresses. */
  readonly names?: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
}

/** An authority of a test's own. */
export interface Authority {
  readonly cert: string
  issue(options?: IdentityOptions): Identity
}

const DAY_MS = 86_400_000
const OID = {
  commonName: [0x55, 4, 3],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
  names: [0x55, 0x1d, 0x11],
  constraints: [0x55, 0x1d, 0x13],
}

/** Makes an authority; Node signs but makes no certificates, and not every machine has openssl. */
export function createAuthority(name = 'Ping test authority'): Authority {
  const { publicKey, privateKey } = newKeys()
  const isAuthority = extension(OID.constraints, sequence(tagged(0x01, Buffer.of(0xff))))
  const options = { subject: name, issuer: name, signer: privateKey }
  return {
    cert: certificate(publicKey, { ...options, extensions: isAuthority, notBefore: daysFromNow(-2), notAfter: daysFromNow(2) }),
    issue({ names = ['localhost', '127.0.0.1'], notBefore = daysFromNow(-1), notAfter = daysFromNow(1) } = {}) {
      const keys = newKeys()
      const alternatives = extension(OID.names, sequence(...names.map(alternativeName)))
      const cert = certificate(keys.publicKey, { ...options, subject: names[0] ?? '', extensions: alternatives, notBefore, notAfter })
      return { cert, key: String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })) }
    },
  }
}

export function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY_MS)
}

interface Contents {
  readonly subject: string
  readonly issuer: string
  readonly signer: KeyObject
  readonly extensions: Buffer
  readonly notBefore: Date
  readonly notAfter: Date
}

/** RFC 5280, 4.1. */
function certificate(publicKey: KeyObject, { subject, issuer, signer, extensions, notBefore, notAfter }: Contents): string {
  const algorithm = sequence(oid(OID.ecdsaWithSha256))
  const toSign = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    nameOf(issuer),
    sequence(time(notBefore), time(notAfter)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(extensions)),
  )
  const signature = sign('sha256', toSign, signer)
  const der = sequence(toSign, algorithm, tagged(0x03, Buffer.concat([Buffer.of(0), signature])))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function newKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}

/** DER: a tag, the length, the contents. */
function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const value = Buffer.concat(contents)
  const length =
    value.length < 128 ? [value.length] : value.length < 256 ? [0x81, value.length] : [0x82, value.length >> 8, value.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), value])
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return tagged(0x30, ...contents)
}

function oid(bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes))
}

function nameOf(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(oid(OID.commonName), tagged(0x0c, Buffer.from(commonName)))))
}

function time(date: Date): Buffer {
  return tagged(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`))
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return sequence(oid(id), tagged(0x04, value))
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 4 ? tagged(0x87, Buffer.from(name.split('.').map(Number))) : tagged(0x82, Buffer.from(name))
}
