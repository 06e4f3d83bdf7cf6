import { ERROR, ProtocolError, type ErrorCode } from '../errors.ts'
import { storing } from '../log/storage-error.ts'

/** The outcome of one part of a request, as it stands in the response. */
export interface Verdict {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

const DONE: Verdict = { errorCode: ERROR.NONE, errorMessage: null }

export function refusal({ code, message }: ProtocolError): Verdict {
  return { errorCode: code, errorMessage: message }
}

/** Runs one part of a request. If it fails, its verdict is the error, and the other parts still run. `attempt` names the part in errors of the file system. */
export function verdictOf(attempt: string, action: () => void): Verdict {
  try {
    storing(attempt, action)
    return DONE
  } catch (error) {
    if (error instanceof ProtocolError) return refusal(error)
    throw error
  }
}
