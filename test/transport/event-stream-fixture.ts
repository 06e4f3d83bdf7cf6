import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { pino } from 'pino'
import type { AccessCheck } from '../../src/transport/access/access-check.ts'
import { EventStream, type EventStreamOptions } from '../../src/transport/http/event-stream/event-stream.ts'
import { streamEvent, type StreamEvent } from '../../src/transport/http/event-stream/stream-event.ts'
import { startHttpServer, type HttpServer } from '../../src/transport/http/http-server.ts'
import type { HttpLimits } from '../../src/transport/http/limits.ts'
import { measureCalls } from '../../src/transport/rpc/measure-calls.ts'

/** A source of events in the hands of a test: each reader gets the newest. */
export class PushedEvents {
  #newest: StreamEvent | undefined
  #failure: Error | undefined
  #changed = Promise.withResolvers<void>()
  /** How often readers asked for an event. */
  asked = 0

  push(id: string, data = id): void {
    this.#newest = streamEvent(id, 'state', data)
    this.#change()
  }

  fail(error: Error): void {
    this.#failure = error
    this.#change()
  }

  async *events(ended: AbortSignal): AsyncGenerator<StreamEvent> {
    const aborted = new Promise<void>(resolve => ended.addEventListener('abort', () => resolve()))
    let seen: StreamEvent | undefined
    while (!ended.aborted) {
      if (this.#failure) throw this.#failure
      const newest = this.#newest
      if (newest !== undefined && newest !== seen) {
        seen = newest
        this.asked++
        yield newest
      } else await Promise.race([this.#changed.promise, aborted])
    }
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

export interface StreamFixture extends AsyncDisposable {
  readonly source: PushedEvents
  readonly port: number
  readonly url: string
  readonly http: HttpServer
  /** The number of readers that the stream reports. */
  readonly readers: () => number
  readonly refused: () => number
  readonly logged: Record<string, unknown>[]
}

export interface StreamFixtureOptions extends Partial<Pick<EventStreamOptions, 'maxReaders' | 'heartbeatMs' | 'stalledMs'>> {
  readonly access?: AccessCheck
  readonly limits?: Partial<HttpLimits>
}

/** A port with one stream, at /events. */
export async function serveStream({ access, limits = {}, ...options }: StreamFixtureOptions = {}): Promise<StreamFixture> {
  const source = new PushedEvents()
  const logged: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: line => void logged.push(JSON.parse(line)) })
  let [readers, refused] = [0, 0]
  const stream = new EventStream({
    events: ended => source.events(ended),
    maxReaders: 1_000,
    retryMs: 2_000,
    heartbeatMs: 60_000,
    stalledMs: 60_000,
    ...options,
    metrics: { readers: open => (readers = open), readerRefused: () => refused++ },
  })
  const http = await startHttpServer({
    port: 0,
    portSetting: 'PORT',
    hosts: ['127.0.0.1'],
    allowedOrigins: ['*'],
    maxBodyBytes: 1_000,
    limits,
    access,
    routes: () => undefined,
    interceptors: [],
    examplePaths: ['/none'],
    calls: measureCalls({ rpcEnded: () => undefined }, log),
    pages: new Map(),
    eventStreams: new Map([['/events', stream]]),
    log,
  })
  return {
    source,
    port: http.port,
    url: `http://127.0.0.1:${http.port}`,
    http,
    readers: () => readers,
    refused: () => refused,
    logged,
    [Symbol.asyncDispose]: async () => void (await http.stop(0)),
  }
}

/** What a reader has got. */
export interface Reader extends Disposable {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  text(): string
  /** The ids of its events. */
  ids(): readonly string[]
  hasEnded(): boolean
}

export type HttpVersion = 'HTTP/1.1' | 'HTTP/2'
export const HTTP_VERSIONS: readonly HttpVersion[] = ['HTTP/1.1', 'HTTP/2']

/** Connects a reader. Resolves when it has the headers. */
export function read(url: string, version: HttpVersion = 'HTTP/1.1', headers: Record<string, string> = {}): Promise<Reader> {
  return version === 'HTTP/2' ? readHttp2(url, headers) : readHttp1(url, headers)
}

function readHttp1(url: string, headers: Record<string, string>): Promise<Reader> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, agent: false }, (response: IncomingMessage) => {
      resolve(reader(response, response.statusCode ?? 0, response.headers, () => request.destroy()))
    })
    request.on('error', reject)
  })
}

function readHttp2(url: string, headers: Record<string, string>): Promise<Reader> {
  return new Promise((resolve, reject) => {
    const { pathname, origin } = new URL(url)
    const session = connect(origin)
    const stream = session.request({ ':path': pathname, ...headers })
    stream.on('close', () => session.close())
    stream.on('response', answer => resolve(reader(stream, Number(answer[':status']), answer, () => stream.close())))
    session.on('error', reject)
    stream.on('error', reject)
  })
}

function reader(body: NodeJS.ReadableStream, status: number, headers: IncomingHttpHeaders, leave: () => void): Reader {
  let text = ''
  let hasEnded = false
  body.on('data', (chunk: Buffer) => (text += chunk.toString()))
  body.on('close', () => (hasEnded = true)).on('error', () => (hasEnded = true))
  return {
    status,
    headers,
    text: () => text,
    ids: () => [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id!),
    hasEnded: () => hasEnded,
    [Symbol.dispose]: leave,
  }
}
