import { toJsonString, type DescMessage, type DescMethodUnary, type Message } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { createMethodSerializationLookup, type UniversalHandlerOptions } from '@connectrpc/connect/protocol'
import { plainJson } from '../../rpc/plain-json.ts'

/** A message as it is sent: bytes, or a string in which each character is one byte. */
export type Body = Uint8Array | string

/** Reads and writes the messages of a method in JSON or in binary. Throws the same errors as Connect. */
export interface MessageFormat {
  parse(bytes: Uint8Array): Message
  serialize(message: Message): Body
}

export interface MessageFormats {
  readonly json: MessageFormat
  readonly binary: MessageFormat
}

/** Connect's own formats, except for usual JSON, which is read in one pass and written without a copy. */
export function messageFormats(method: DescMethodUnary, options: UniversalHandlerOptions): MessageFormats {
  const { binaryOptions, jsonOptions, readMaxBytes, writeMaxBytes } = options
  const lookup = createMethodSerializationLookup<DescMessage, DescMessage>(method, binaryOptions, jsonOptions, options)
  const [read, write] = [lookup.getI(false), lookup.getO(false)]
  const plain = plainJson(method.input)
  const writeOptions = writesOtherwise(jsonOptions) ? jsonOptions : undefined
  const json: MessageFormat = {
    parse: bytes => (bytes.length <= readMaxBytes ? plain(bytes) : undefined) ?? read.parse(bytes),
    serialize(message) {
      let text: string
      try {
        text = toJsonString(method.output, message, writeOptions)
      } catch (error) {
        throw ConnectError.from(error, Code.Internal)
      }
      return text.length <= writeMaxBytes && Buffer.byteLength(text) === text.length ? text : write.serialize(message)
    },
  }
  return { json, binary: { parse: bytes => lookup.getI(true).parse(bytes), serialize: message => lookup.getO(true).serialize(message) } }
}

/** Whether writing needs options. Options that only concern reading would be copied for each message. */
function writesOtherwise(options: object | undefined): boolean {
  return Object.keys(options ?? {}).some(name => name !== 'ignoreUnknownFields' && name !== 'textDecoder')
}
