import { ERROR, ProtocolError } from '../../errors.ts'

/** What every decoder here throws, and nothing else, whatever the bytes are. */
export function corrupt(message: string): ProtocolError {
  return new ProtocolError(ERROR.CORRUPT_MESSAGE, message)
}
