import type { TLSSocket } from 'node:tls'
import { Code } from '@connectrpc/connect'
import type { HttpRequest } from '../../runtime/answer-page.ts'
import { bearerToken } from './bearer-token.ts'
import { neededRole } from './roles.ts'
import { findToken, type Token } from './tokens.ts'

/** Why a request is rejected. */
export interface Refusal {
  readonly code: Code.Unauthenticated | Code.PermissionDenied
  readonly message: string
  /** The header `www-authenticate`. */
  readonly challenge: string
}

/** Returns why a request for an existing path is rejected, or undefined if it is allowed. */
export type AccessCheck = (request: HttpRequest, path: string) => Refusal | undefined

export interface AccessOptions {
  /** The current tokens. Undefined: no token is needed. */
  readonly tokens: (() => readonly Token[]) | undefined
  /** Whether callers need a client certificate. */
  readonly clientCertificates: boolean
}

/** Creates the check of callers. Probes are always allowed: those of Kubernetes have neither a certificate nor a token. */
export function createAccessCheck({ tokens, clientCertificates }: AccessOptions): AccessCheck {
  return (request, path) => {
    const role = neededRole(path)
    if (role === undefined) return undefined
    const socket = request.socket as TLSSocket
    if (clientCertificates && !socket.authorized) return lacksCertificate(socket)
    if (tokens === undefined) return undefined
    const presented = bearerToken(request.rawHeaders)
    if ('got' in presented) return lacksToken(presented.got, presented.isAbsent)
    const token = findToken(tokens(), presented.token)
    if (token === undefined) return lacksToken('an unknown token', false)
    return token.roles.includes(role) ? undefined : lacksRole(token, role)
  }
}

function lacksCertificate(socket: TLSSocket): Refusal {
  const got = socket.getPeerX509Certificate() ? `an invalid one (${String(socket.authorizationError)})` : 'none'
  const message = `client certificate: got ${got}, expected one issued by an authority that this server trusts`
  return { code: Code.Unauthenticated, message, challenge: 'Certificate realm="ping"' }
}

function lacksToken(got: string, isAbsent: boolean): Refusal {
  const challenge = isAbsent ? 'Bearer realm="ping"' : 'Bearer realm="ping", error="invalid_token"'
  return {
    code: Code.Unauthenticated,
    message: `header authorization: got ${got}, expected Bearer and a token that this server knows`,
    challenge,
  }
}

function lacksRole({ name, roles }: Token, role: string): Refusal {
  const message = `token ${name}: got the role ${roles.join(' and ')}, expected ${role}`
  return { code: Code.PermissionDenied, message, challenge: `Bearer realm="ping", error="insufficient_scope", scope="${role}"` }
}
