import { Code, ConnectError } from '@connectrpc/connect'
import { RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts'
import { QueueFullError, TimestampConflictError, UnavailableError, UseCaseError } from '../errors.ts'
import { InvalidInputError } from './invalid-input.ts'

/** The one table of what a failed use case is to a caller. Undefined: not the caller's business. */
export function toConnectError(error: unknown): ConnectError | undefined {
  if (error instanceof ConnectError) return error
  if (!(error instanceof UseCaseError)) return undefined
  if (error instanceof InvalidInputError) return coded(error, Code.InvalidArgument)
  if (error instanceof TimestampConflictError) return coded(error, Code.AlreadyExists)
  if (error instanceof UnavailableError) return coded(error, Code.Unavailable)
  if (error instanceof QueueFullError) return queueFull(error)
  return undefined
}

function coded(error: UseCaseError, code: Code): ConnectError {
  return new ConnectError(error.message, code, undefined, undefined, error)
}

function queueFull(error: QueueFullError): ConnectError {
  const retryAfterMs = Math.max(1, Math.ceil(error.retryAfterMs))
  const header = { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }
  const retryDelay = { seconds: BigInt(Math.floor(retryAfterMs / 1_000)), nanos: (retryAfterMs % 1_000) * 1_000_000 }
  const detail = { desc: RetryInfoSchema, value: { retryDelay } }
  return new ConnectError(error.message, Code.ResourceExhausted, header, [detail], error)
}
