import { ERROR, ProtocolError } from '../errors.ts'

/** Runs a file operation. An error of the system becomes a `ProtocolError` KAFKA_STORAGE_ERROR that names the operation. */
export function storing<T>(attempt: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw error instanceof ProtocolError ? error : storageError(attempt, error)
  }
}

export function storageError(attempt: string, cause: unknown): ProtocolError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const error = new ProtocolError(ERROR.KAFKA_STORAGE_ERROR, `${attempt} failed: ${text}`)
  error.cause = cause
  return error
}
