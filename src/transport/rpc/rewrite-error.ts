import type { DescMethod } from '@bufbuild/protobuf'
import { Code, type ConnectError } from '@connectrpc/connect'
import { cutText, shownText } from '../../runtime/shown-text.ts'
import { describeJsonFault } from './json-fault.ts'

/** Maximum length of a message in UTF-16 code units. gRPC sends it in a header, and it may repeat the caller's text. */
const MAX_MESSAGE = 500
/** The code and the message of an error. */
type Rewritten = readonly [Code, string]

/** Connect's messages about requests that it cannot read, and what replaces them. */
const REWRITTEN: readonly (readonly [pattern: RegExp, rewrite: (match: RegExpExecArray, method: DescMethod) => Rewritten])[] = [
  [
    /^parse binary: ([^]*)$/,
    ([, why], { input }) => [Code.InvalidArgument, `request body: got bytes that cannot be decoded (${why}), expected a ${input.typeName}`],
  ],
  [
    // The message has the size only if the caller declared it.
    /^message size (?:(\d+) )?is larger than configured readMaxBytes (\d+)$/,
    ([, got, limit]) => [Code.ResourceExhausted, `request body: got ${got ?? 'more'} bytes, expected at most ${limit}`],
  ],
  [
    /^message is larger than configured readMaxBytes (\d+) after decompression$/,
    ([, limit]) => [Code.ResourceExhausted, `request body: got more bytes after decompression, expected at most ${limit}`],
  ],
  [
    // Unimplemented, as both protocols require, so that the caller retries without compression.
    /^unknown compression "([^]*)": supported encodings are (.*)$/,
    ([, got = '', known]) => [Code.Unimplemented, `compression: got ${shownText(got)}, expected one of ${known},identity`],
  ],
  [
    /^received compressed envelope, but do not know how to decompress$/,
    () => [
      Code.InvalidArgument,
      'request body: got a message marked as compressed, expected a header with its compression, or a message that is not marked',
    ],
  ],
  [
    /^protocol error: incomplete envelope$/,
    () => [
      Code.InvalidArgument,
      'request body: got an incomplete message, expected a prefix of 5 bytes and the number of bytes that it gives',
    ],
  ],
  [/^protocol error: missing input message for/, () => [Code.Unimplemented, 'request body: got no message, expected one']],
  [
    /^protocol error: received extra input message for/,
    () => [Code.Unimplemented, 'request body: got more than one message, expected one'],
  ],
]

/**
 * Rewrites an error before it is sent. It corrects Connect's own errors about requests: a body that cannot be read is the
 * caller's fault (INVALID_ARGUMENT, not INTERNAL), and the message says what was received and what is expected. It also shortens
 * every message and keeps its characters whole: a message that ends in half an emoji cannot be sent over gRPC.
 */
export function rewriteError(error: ConnectError, method: DescMethod): void {
  const [code, message] = rewritten(error, method)
  const writable = error as { -readonly [Name in keyof ConnectError]: ConnectError[Name] }
  writable.code = code
  writable.rawMessage = (message.length > MAX_MESSAGE ? `${cutText(message, MAX_MESSAGE)}…` : message).toWellFormed()
}

function rewritten({ code, rawMessage, cause }: ConnectError, method: DescMethod): Rewritten {
  for (const [pattern, rewrite] of REWRITTEN) {
    const match = pattern.exec(rawMessage)
    if (match !== null) return rewrite(match, method)
  }
  if (code === Code.InvalidArgument && cause instanceof Error) return [code, describeJsonFault(rawMessage, method.input) ?? rawMessage]
  return [code, rawMessage]
}
