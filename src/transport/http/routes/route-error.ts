import { Code } from '@connectrpc/connect'
import { codeToString } from '@connectrpc/connect/protocol-connect'
import type { Refusal } from '../../access/access-check.ts'
import { CHALLENGE_HEADER } from '../../access/refuse.ts'
import { UseCaseError, type ErrorKind } from '../../errors.ts'
import { CODE_OF, retryAfterHeader } from '../../rpc/connect-error.ts'
import type { RouteAnswer } from './route.ts'

const STATUS_OF: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  notFound: 404,
  conflict: 409,
  failedPrecondition: 409,
  exhausted: 429,
  unavailable: 503,
}

/** An answer that is an error: its code, as the RPCs have it, and its message, and what else a program may want to know. */
export interface FailedAnswer extends RouteAnswer {
  readonly json: { readonly code: string; readonly message: string }
}

/** The answer to a failed use case. Undefined: an unexpected error, of which the caller gets no details. */
export function answerOfError(error: unknown): FailedAnswer | undefined {
  if (!(error instanceof UseCaseError)) return undefined
  const { kind, message, facts, retryAfterMs } = error
  const headers = retryAfterMs === undefined ? {} : { 'retry-after': retryAfterHeader(retryAfterMs) }
  return failed(STATUS_OF[kind], CODE_OF[kind], message, { headers, facts })
}

export function answerOfRefusal({ code, message, challenge }: Refusal): FailedAnswer {
  return failed(code === Code.Unauthenticated ? 401 : 403, code, message, { headers: { [CHALLENGE_HEADER]: challenge } })
}

export function tooLong(declaredBytes: number | undefined, maxBytes: number): FailedAnswer {
  return failed(413, Code.ResourceExhausted, `request body: got ${declaredBytes ?? 'more'} bytes, expected at most ${maxBytes}`)
}

export function unexpected(): FailedAnswer {
  return failed(500, Code.Internal, 'internal error')
}

interface FailedOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly facts?: UseCaseError['facts']
}

export function failed(status: number, code: Code, message: string, { headers = {}, facts = {} }: FailedOptions = {}): FailedAnswer {
  return { status, headers, json: { code: codeToString(code), message, ...facts } }
}
