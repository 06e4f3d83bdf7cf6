import type { TLSSocket } from 'node:tls'
import { Code } from '@connectrpc/connect'
import type { HttpRequest } from '../../runtime/answer-page.ts'
import { bearerToken } from './bearer-token.ts'
import { neededRole, type Roles } from './roles.ts'
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
  readonly roles: Roles
}

/** Creates the check of callers. Probes are always allowed: those of Kubernetes have neither a certificate nor a token. */
export function createAccessCheck({ tokens, clientCertificates, roles }: AccessOptions): AccessCheck {
  return (request, path) => {
    const role = neededRole(roles, path, request.method ?? '')
    if (role === undefined) return undefined
    const socket = request.socket as TLSSocket
    if (clientCertificates && !socket.authorized) return lacksCertificate(socket, roles.realm)
    if (tokens === undefined) return undefined
    const presented = bearerToken(request.rawHeaders)
    if ('got' in presented) return lacksToken(presented.got, presented.isAbsent, roles.realm)
    const token = findToken(tokens(), presented.token)
    if (token === undefined) return lacksToken('an unknown token', false, roles.realm)
    return token.roles.includes(role) ? undefined : lacksRole(token, role, roles.realm)
  }
}

function lacksCertificate(socket: TLSSocket, realm: string): Refusal {
  const got = socket.getPeerX509Certificate() ? `an invalid one (${String(socket.authorizationError)})` : 'none'
  const message = `client certificate: got ${got}, expected one issued by an authority that this server trusts`
  return { code: Code.Unauthenticated, message, challenge: `Certificate realm="${realm}"` }
}

function lacksToken(got: string, isAbsent: boolean, realm: string): Refusal {
  const challenge = `Bearer realm="${realm}"${isAbsent ? '' : ', error="invalid_token"'}`
  return {
    code: Code.Unauthenticated,
    message: `header authorization: got ${got}, expected Bearer and a token that this server knows`,
    challenge,
  }
}

function lacksRole({ name, roles }: Token, role: string, realm: string): Refusal {
  const message = `token ${name}: got the role ${roles.join(' and ')}, expected ${role}`
  return { code: Code.PermissionDenied, message, challenge: `Bearer realm="${realm}", error="insufficient_scope", scope="${role}"` }
}
