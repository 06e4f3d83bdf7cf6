import { Code, type ConnectError } from '@connectrpc/connect'
import type { DescMethod } from '@bufbuild/protobuf'
import { describeJsonFault } from './json-fault.ts'

/** How Connect begins the message when a binary body is no message of the type. */
const PARSE_BINARY = /^parse binary: /
/** What Connect says of a body over the limit; the size is only there when the caller declared it. */
const TOO_LONG = /^message size (?:(\d+) )?is larger than configured readMaxBytes (\d+)$/
/** Longest message, in characters: gRPC sends it in a header, and the decoder repeats the caller's own text in it. */
const MAX_MESSAGE = 500

/**
 * Mends, before it is sent, what Connect's own errors about a request get wrong: a body that cannot be
 * decoded is the caller's fault (INVALID_ARGUMENT as with JSON, not INTERNAL), the message says what was
 * got and expected, and it is short.
 */
export function tidyProtocolError(error: ConnectError, method: DescMethod): void {
  const mended = error as { -readonly [Name in keyof ConnectError]: ConnectError[Name] }
  if (error.code === Code.Internal && PARSE_BINARY.test(error.rawMessage)) {
    const why = error.rawMessage.replace(PARSE_BINARY, '')
    mended.code = Code.InvalidArgument
    mended.rawMessage = `request body: got bytes that cannot be decoded (${why}), expected a ${method.input.typeName}`
  }
  if (error.code === Code.InvalidArgument && error.cause instanceof Error) {
    const isSyntax = error.cause.cause instanceof SyntaxError
    mended.rawMessage = describeJsonFault(error.rawMessage, isSyntax, method.input) ?? error.rawMessage
  }
  const [, got, limit] = TOO_LONG.exec(error.rawMessage) ?? []
  if (limit !== undefined) mended.rawMessage = `request body: got ${got ?? 'more'} bytes, expected at most ${limit}`
  if (error.rawMessage.length > MAX_MESSAGE) mended.rawMessage = `${error.rawMessage.slice(0, MAX_MESSAGE)}…`
}
