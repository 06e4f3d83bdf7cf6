import type { IncomingMessage } from 'node:http'
import { Code, ConnectError } from '@connectrpc/connect'
import { GatheredBytes } from './gathered-bytes.ts'

const NOTHING = new Uint8Array(0)

/** Receives a body. Neither method is called if the caller disconnects before it has sent the whole body. */
export interface BodyReader {
  received(body: Uint8Array): void
  fail(error: unknown): void
}

/** Reads a request's body. A body longer than `maxBytes` is not read, or not to its end. */
export function readBody(request: IncomingMessage, maxBytes: number, reader: BodyReader): void {
  const { 'content-length': declared, 'transfer-encoding': coding } = request.headers
  if (declared !== undefined) return readDeclared(request, Number(declared), maxBytes, reader)
  if (coding === undefined) return reader.received(NOTHING)
  const gathered = new GatheredBytes()
  const onData = (chunk: Uint8Array): void => {
    if (gathered.add(chunk) <= maxBytes) return
    request.removeListener('data', onData).removeListener('end', onEnd)
    request.pause() // the rest is skipped after the answer
    reader.fail(tooLong('', maxBytes))
  }
  const onEnd = (): void => reader.received(gathered.bytes())
  request.on('data', onData).on('end', onEnd)
}

/** The parser enforces the declared length, so the body is complete before Node reports its end. */
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

/** The error that Connect throws. It is rewritten later, like all errors of Connect. */
function tooLong(got: string, maxBytes: number): ConnectError {
  return new ConnectError(`message size ${got}is larger than configured readMaxBytes ${maxBytes}`, Code.ResourceExhausted)
}
