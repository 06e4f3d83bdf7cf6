import { Code, ConnectError } from '@connectrpc/connect'
import { RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts'
import { QueueFullError, TimestampConflictError, UnavailableError, UseCaseError } from '../errors.ts'
import { InvalidInputError } from './invalid-input.ts'

/** The error that a caller gets for a failed use case. Undefined: an unexpected error, of which the caller gets no details. */
export function toConnectError(error: unknown): ConnectError | undefined {
  if (error instanceof ConnectError) return error
  const code = codeOf(error)
  if (code === undefined) return undefined
  return error instanceof QueueFullError
    ? queueFull(error)
    : new ConnectError((error as UseCaseError).message, code, undefined, undefined, error)
}

/** The code of a failed use case. Undefined: an unexpected error. */
export function codeOf(error: unknown): Code | undefined {
  if (!(error instanceof UseCaseError)) return undefined
  if (error instanceof InvalidInputError) return Code.InvalidArgument
  if (error instanceof TimestampConflictError) return Code.AlreadyExists
  if (error instanceof UnavailableError) return Code.Unavailable
  if (error instanceof QueueFullError) return Code.ResourceExhausted
  return undefined
}

function queueFull(error: QueueFullError): ConnectError {
  const retryAfterMs = Math.max(1, Math.ceil(error.retryAfterMs))
  const header = { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }
  const retryDelay = { seconds: BigInt(Math.floor(retryAfterMs / 1_000)), nanos: (retryAfterMs % 1_000) * 1_000_000 }
  const detail = { desc: RetryInfoSchema, value: { retryDelay } }
  return new ConnectError(error.message, Code.ResourceExhausted, header, [detail], error)
}
