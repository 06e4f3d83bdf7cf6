import { ERROR, ProtocolError } from '../../errors.ts'

/** The only error that the decoders throw, no matter what the bytes are. */
export function corrupt(message: string): ProtocolError {
  return new ProtocolError(ERROR.CORRUPT_MESSAGE, message)
}
