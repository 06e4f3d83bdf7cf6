import { ERROR, ProtocolError, type ErrorCode } from '../errors.ts'
import { storing } from '../log/storage-error.ts'

/** What became of one part of a request, as answers tell it. */
export interface Verdict {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

const DONE: Verdict = { errorCode: ERROR.NONE, errorMessage: null }

export function refusal({ code, message }: ProtocolError): Verdict {
  return { errorCode: code, errorMessage: message }
}

/** Does what one part of a request asks for: a part that fails is told so, and the others are still done. `attempt` names it where files fail. */
export function verdictOf(attempt: string, action: () => void): Verdict {
  try {
    storing(attempt, action)
    return DONE
  } catch (error) {
    if (error instanceof ProtocolError) return refusal(error)
    throw error
  }
}
