import type { ServerResponse } from 'node:http'
import { send, wrongMethod, type HttpRequest, type HttpResponse } from '../../../runtime/answer-page.ts'
import type { Logger } from '../../../runtime/logger.ts'
import type { EventStream } from './event-stream.ts'
import { EventWriter } from './event-writer.ts'
import { retryLine } from './stream-event.ts'

export interface ServeEventStreamOptions {
  readonly path: string
  readonly log: Logger
  /** Aborted when a drain begins: streams end. */
  readonly stopping: AbortSignal
}

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no', // nginx would keep events until its buffer is full
  'x-content-type-options': 'nosniff',
}
/** A reader that was refused may ask again after this many seconds. */
const RETRY_AFTER_SECONDS = { full: 30, stopping: 2 }

/** Answers GET with the events of a stream until the reader leaves or the server stops. */
export function serveEventStream(
  stream: EventStream,
  request: HttpRequest,
  response: HttpResponse,
  options: ServeEventStreamOptions,
): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod(request, response)
  if (options.stopping.aborted) return unavailable(request, response, 'the server is stopping', RETRY_AFTER_SECONDS.stopping)
  if (request.method === 'HEAD') return void (response as ServerResponse).writeHead(200, HEADERS).end()
  if (!stream.join()) {
    const { maxReaders } = stream.options
    const text = `open streams of ${options.path}: got ${maxReaders + 1}, expected at most ${maxReaders}`
    return unavailable(request, response, text, RETRY_AFTER_SECONDS.full)
  }
  request.resume() // its end has to be read: a request without an end is cut off as too slow
  void writeEvents(stream, request, response, options).finally(() => stream.leave())
}

/** Never rejects. */
async function writeEvents(
  { options }: EventStream,
  request: HttpRequest,
  response: HttpResponse,
  { path, log, stopping }: ServeEventStreamOptions,
): Promise<void> {
  const ended = new AbortController()
  const end = (): void => ended.abort()
  const writer = new EventWriter(request, response, { ...options, onClose: end })
  const stop = (): void => {
    writer.end()
    end()
  }
  stopping.addEventListener('abort', stop)
  const lastId = request.headers['last-event-id']
  try {
    ;(response as ServerResponse).writeHead(200, HEADERS)
    await writer.write(retryLine(options.retryMs))
    let isFirst = true
    for await (const { id, bytes } of options.events(ended.signal)) {
      if (ended.signal.aborted) break
      if (!isFirst || id === '' || id !== lastId) await writer.write(bytes)
      isFirst = false
    }
  } catch (err) {
    log.error({ err, path }, 'event stream failed')
  } finally {
    stopping.removeEventListener('abort', stop)
    writer.end()
    end()
  }
}

function unavailable(request: HttpRequest, response: HttpResponse, text: string, retryAfterSeconds: number): void {
  const headers = { 'retry-after': String(retryAfterSeconds), 'cache-control': 'no-store' }
  send(request, response, { status: 503, type: 'text/plain; charset=utf-8', body: `${text}\n` }, headers)
}
