import type { IncomingMessage } from 'node:http'
import { Code, ConnectError } from '@connectrpc/connect'

const NOTHING = new Uint8Array(0)

/** Collects a request's body. One that is longer than `maxBytes` is not read, or not to its end. */
export function readBody(request: IncomingMessage, maxBytes: number, done: (body: Uint8Array) => void, fail: (error: unknown) => void): void {
  const declared = Number(request.headers['content-length'])
  if (declared > maxBytes) return fail(tooLong(`${declared} `, maxBytes))
  let only: Uint8Array = NOTHING
  let more: Uint8Array[] | undefined
  let length = 0
  const onData = (chunk: Uint8Array): void => {
    length += chunk.length
    if (length > maxBytes) {
      stop()
      request.pause() // what is left is skipped after the answer
      fail(tooLong('', maxBytes))
    } else if (length === chunk.length) only = chunk
    else (more ??= [only]).push(chunk)
  }
  const onEnd = (): void => {
    stop()
    done(more === undefined ? only : Buffer.concat(more, length))
  }
  const onError = (error: Error): void => {
    stop()
    fail(error)
  }
  const stop = (): void => {
    request.removeListener('data', onData).removeListener('end', onEnd).removeListener('error', onError)
  }
  request.on('data', onData).on('end', onEnd).on('error', onError)
}

/** In the words of Connect, which are mended with all of its others. */
function tooLong(got: string, maxBytes: number): ConnectError {
  return new ConnectError(`message size ${got}is larger than configured readMaxBytes ${maxBytes}`, Code.ResourceExhausted)
}
