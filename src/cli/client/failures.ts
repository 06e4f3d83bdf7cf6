import { Code, type ConnectError } from '@connectrpc/connect'
import { RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts'

/**
 * Codes after which another try cannot help. All others leave the outcome open or may pass: the server is down or
 * overloaded, the connection broke, the reply was lost (which Node reports as ABORTED, CANCELED or INTERNAL). A ping's
 * id makes every further try harmless.
 */
const FINAL = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
  Code.Unauthenticated,
  Code.DataLoss,
])

/** What the server says about a request that is longer than it reads. Everything else that is exhausted may pass. */
const TOO_LONG = /^request body: got .*\bbytes\b.*, expected at most \d+$/

export function isFinal(error: ConnectError): boolean {
  const isTooLong = error.code === Code.ResourceExhausted && TOO_LONG.test(error.rawMessage)
  return isTooLong || FINAL.has(error.code) || describeTls(error) !== undefined
}

/** What OpenSSL says about an answer that is not TLS: another try would not help. */
const NO_TLS = /SSL routines:[^:]*:(?:wrong version number|http request|packet length too long)/

/** True if an https address leads to a port without TLS. Only Node's own errors have a cause; those that a server sends do not. */
function lacksTls({ cause }: ConnectError): boolean {
  return cause instanceof Error && NO_TLS.test(cause.message)
}

/** What OpenSSL says if the other end of TLS does not speak HTTP/2. */
const NO_ALPN = /SSL routines:[^:]*:tlsv1 alert no application protocol/

/** True if the other end does not speak HTTP/2. It may be a proxy whose server is down, so another try may help. */
function lacksHttp2({ cause }: ConnectError): boolean {
  if (!(cause instanceof Error)) return false
  return NO_ALPN.test(cause.message) || ('code' in cause && cause.code === 'ERR_HTTP2_ERROR' && cause.message === 'Protocol error')
}

/** What Ping's TLS port answers to clear text: in words, or over HTTP/2 by INADEQUATE_SECURITY. */
const NEEDS_TLS = /^(?:this port speaks TLS|Session closed with error code 12$)/

/** What is wrong between the caller's TLS and the server's; undefined: nothing known. */
function describeTls(error: ConnectError): string | undefined {
  if (lacksTls(error)) return 'got no TLS, expected https: nothing was sent. Is it an http:// address?'
  if (NEEDS_TLS.test(error.rawMessage)) return 'got TLS, expected http: nothing was recorded. Is it an https:// address?'
  return describeDistrust(error)
}

/** True if the server does not allow this caller the call, or the caller does not trust the server. */
export function isAccessRefused(error: ConnectError): boolean {
  return error.code === Code.Unauthenticated || error.code === Code.PermissionDenied || describeDistrust(error) !== undefined
}

/** OpenSSL's codes for what is wrong with a certificate. */
const DISTRUST = /^(CERT_|UNABLE_TO_(GET|VERIFY)_|(DEPTH_ZERO_)?SELF_SIGNED_CERT|INVALID_(CA|PURPOSE)|PATH_LENGTH_EXCEEDED)/

/** What is wrong with the server's certificate; undefined: nothing known. */
function describeDistrust({ cause }: ConnectError): string | undefined {
  if (!(cause instanceof Error) || !('code' in cause)) return undefined
  const code = String(cause.code)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { host, cert } = cause as Error & { readonly host?: string; readonly cert?: { readonly subjectaltname?: string } }
    return `the server's certificate is for another name; nothing was sent: got ${cert?.subjectaltname ?? 'none'}, expected ${host}`
  }
  if (!DISTRUST.test(code)) return undefined
  const [reason] = cause.message.split(';')
  const advice = code.startsWith('CERT_') ? '' : '. Set the CAs to trust with --ca-file or PING_CA_FILE'
  return `the server's certificate is not valid; nothing was sent: ${reason}${advice}`
}

/** The pause that the server asked for, in ms: from RetryInfo, else from `retry-after`, which has whole seconds; undefined if it asked for none. */
export function retryAfterMs(error: ConnectError): number | undefined {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay
  if (delay) return Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000
  const text = error.metadata.get('retry-after')
  return text !== null && /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : undefined
}

/** What Node says of an answer over HTTP/1.1 whose connection broke. */
const BROKEN = 'aborted'

/** Names the error, and its causes where they say more: "unavailable: connect ECONNREFUSED …". */
export function describeFailure(error: ConnectError): string {
  if (lacksHttp2(error)) return 'got something other than HTTP/2, which grpc and --stream need. Is it the address of a Ping server?'
  const tls = describeTls(error)
  if (tls !== undefined) return tls
  const reasons = [error.rawMessage === BROKEN ? 'the connection broke before the whole answer was here' : error.rawMessage].filter(Boolean)
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    for (const reason of cause instanceof AggregateError ? cause.errors.map(messageOf) : [cause.message]) {
      if (reason && reason !== BROKEN && !reasons.some(known => known.includes(reason))) reasons.push(reason)
    }
  }
  return `${codeName(error.code)}: ${reasons.join('; ') || 'no reason given'}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The code as Connect writes it: "deadline_exceeded". */
export function codeName(code: Code): string {
  return (Code[code] ?? `code ${code}`).replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase()
}

/** The message of any error, or the messages of its causes if it has none. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return messageOf(error)
}
