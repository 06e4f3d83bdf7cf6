import type { HttpRequest } from '../../../runtime/answer-page.ts'
import { GatheredBytes } from '../lean/gathered-bytes.ts'

const NOTHING = new Uint8Array(0)

/** The body is longer than allowed. */
export interface TooLong {
  /** Undefined: the caller did not declare its length. */
  readonly declaredBytes: number | undefined
}

/**
 * Reads a body over HTTP/1.1 or HTTP/2. A body longer than `maxBytes` is not read, or not to its end. Never resolves if the caller
 * disconnects before it has sent the whole body.
 */
export function readWholeBody(request: HttpRequest, maxBytes: number): Promise<Uint8Array | TooLong> {
  const { 'content-length': length } = request.headers
  const declaredBytes = length === undefined ? undefined : Number(length)
  if (declaredBytes !== undefined && declaredBytes > maxBytes) return Promise.resolve({ declaredBytes })
  return new Promise(resolve => {
    let gathered: GatheredBytes | undefined
    const onData = (chunk: Uint8Array): void => {
      gathered ??= new GatheredBytes()
      if (gathered.add(chunk) <= maxBytes) return
      request.removeListener('data', onData)
      request.pause() // the rest is skipped after the answer
      resolve({ declaredBytes: undefined })
    }
    request.on('data', onData)
    request.once('end', () => {
      if (!isCutOff(request)) resolve(gathered?.bytes() ?? NOTHING)
    })
  })
}

/** Over HTTP/2, a body ends for Node also when its stream is reset. What has arrived until then is not what the caller meant. */
function isCutOff(request: HttpRequest): boolean {
  return 'stream' in request && (request.stream.destroyed || request.stream.closed || request.stream.aborted)
}
