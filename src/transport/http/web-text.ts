import { base64Decode, base64Encode } from '@bufbuild/protobuf/wire'
import { Code, ConnectError } from '@connectrpc/connect'
import type { UniversalServerResponse } from '@connectrpc/connect/protocol'

/** Four characters of base64 encode three bytes. */
const GROUP = 4

/** Decodes a body of `application/grpc-web-text`: pieces of base64, each with or without padding. */
export async function* fromText(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = ''
  for await (const chunk of body) {
    const text = rest + Buffer.from(chunk).toString('latin1').replace(/\s/g, '')
    const end = text.length - (text.length % GROUP)
    rest = text.slice(end)
    yield decoded(text.slice(0, end))
  }
  if (rest !== '') throw malformed('incomplete base64')
}

/** Encodes the answer in base64. */
export function asText(answer: UniversalServerResponse): UniversalServerResponse {
  const header = new Headers(answer.header)
  header.set('content-type', (header.get('content-type') ?? '').replace('grpc-web', 'grpc-web-text'))
  return { ...answer, header, ...(answer.body === undefined ? {} : { body: encoded(answer.body) }) }
}

async function* encoded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield new TextEncoder().encode(base64Encode(chunk))
}

function decoded(text: string): Uint8Array {
  try {
    return base64Decode(text)
  } catch {
    throw malformed('characters that are not in base64')
  }
}

function malformed(got: string): ConnectError {
  return new ConnectError(
    `request body: got ${got}, expected base64, because of the content-type application/grpc-web-text`,
    Code.InvalidArgument,
  )
}
