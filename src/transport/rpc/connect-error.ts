import { Code, ConnectError } from '@connectrpc/connect'
import { RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts'
import { UseCaseError, type ErrorKind } from '../errors.ts'

/** The code of each kind of failure. */
export const CODE_OF: Readonly<Record<ErrorKind, Code>> = {
  invalid: Code.InvalidArgument,
  notFound: Code.NotFound,
  conflict: Code.AlreadyExists,
  failedPrecondition: Code.FailedPrecondition,
  exhausted: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
}

/** The error that a caller gets for a failed use case. Undefined: an unexpected error, of which the caller gets no details. */
export function toConnectError(error: unknown): ConnectError | undefined {
  if (error instanceof ConnectError) return error
  if (!(error instanceof UseCaseError)) return undefined
  const { message, retryAfterMs, details } = error
  const code = CODE_OF[error.kind]
  if (retryAfterMs === undefined) return new ConnectError(message, code, undefined, [...details], error)
  const waitMs = wholeWaitMs(retryAfterMs)
  const retryDelay = { seconds: BigInt(Math.floor(waitMs / 1_000)), nanos: (waitMs % 1_000) * 1_000_000 }
  return new ConnectError(
    message,
    code,
    { 'retry-after': retryAfterHeader(waitMs) },
    [{ desc: RetryInfoSchema, value: { retryDelay } }, ...details],
    error,
  )
}

/** The code of a failed use case. Undefined: an unexpected error. */
export function codeOf(error: unknown): Code | undefined {
  return error instanceof UseCaseError ? CODE_OF[error.kind] : undefined
}

/** The header `retry-after` has whole seconds. */
export function retryAfterHeader(retryAfterMs: number): string {
  return String(Math.ceil(wholeWaitMs(retryAfterMs) / 1_000))
}

function wholeWaitMs(retryAfterMs: number): number {
  return Math.max(1, Math.ceil(retryAfterMs))
}
