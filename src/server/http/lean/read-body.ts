import type { IncomingMessage } from 'node:http'
import { Code, ConnectError } from '@connectrpc/connect'
import { GatheredBytes } from './gathered-bytes.ts'

const NOTHING = new Uint8Array(0)

/** Where a body goes. Neither is called when the caller goes away before it has sent all of it. */
export interface BodyReader {
  received(body: Uint8Array): void
  fail(error: unknown): void
}

/** Collects a request's body. One that is longer than `maxBytes` is not read, or not to its end. */
export function readBody(request: IncomingMessage, maxBytes: number, reader: BodyReader): void {
  const { 'content-length': declared, 'transfer-encoding': coding } = request.headers
  if (declared !== undefined) return readDeclared(request, Number(declared), maxBytes, reader)
  if (coding === undefined) return reader.received(NOTHING)
  const gathered = new GatheredBytes()
  const onData = (chunk: Uint8Array): void => {
    if (gathered.add(chunk) <= maxBytes) return
    request.removeListener('data', onData).removeListener('end', onEnd)
    request.pause() // what is left is skipped after the answer
    reader.fail(tooLong('', maxBytes))
  }
  const onEnd = (): void => reader.received(gathered.bytes())
  request.on('data', onData).on('end', onEnd)
}

/** The parser holds a body to its declared length, so all of it is there before Node says that it ends. */
function readDeclared(request: IncomingMessage, length: number, maxBytes: number, reader: BodyReader): void {
  if (length > maxBytes) return reader.fail(tooLong(`${length} `, maxBytes))
  if (length === 0) return reader.received(NOTHING)
  let gathered: GatheredBytes | undefined
  request.on('data', (chunk: Uint8Array) => {
    if (gathered === undefined && chunk.length === length) return reader.received(chunk)
    gathered ??= new GatheredBytes()
    if (gathered.add(chunk) === length) reader.received(gathered.bytes())
  })
}

/** In the words of Connect, which are rewritten as all of its errors are. */
function tooLong(got: string, maxBytes: number): ConnectError {
  return new ConnectError(`message size ${got}is larger than configured readMaxBytes ${maxBytes}`, Code.ResourceExhausted)
}
