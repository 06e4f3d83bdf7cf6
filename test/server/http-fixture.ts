import { execFile } from 'node:child_process'
import { createConnection } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { createClient, type Interceptor, type Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { pino } from 'pino'
import { PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { Readiness } from '../../src/runtime/readiness.ts'
import type { BucketQuestion, Buckets, PingBuckets } from '../../src/server/buckets/buckets.ts'
import type { Count, Range } from '../../src/server/count-reader/count.ts'
import type { PingCounter } from '../../src/server/count-reader/ping-counter.ts'
import { createServerMetrics, type ServerMetrics } from '../../src/server/metrics.ts'
import { startPingHttp, type PingHttpOptions } from '../../src/server/ping-http.ts'
import type { PingRecorder, RequestedPing } from '../../src/server/recorder/ping-recorder.ts'
import type { HttpServer } from '../../src/transport/http/http-server.ts'
import { shellEnvironment } from '../support/printed-lines.ts'

export const PING_PATH = '/ping.v1.PingService/Ping'
export const COUNT_PATH = '/ping.v1.PingService/PingCount'
export const JSON_TYPE = { 'content-type': 'application/json' }
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Ping's port with a recorder and a count reader that only remember their calls. */
export interface HttpFixture extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly http: HttpServer
  readonly readiness: Readiness
  readonly metrics: ServerMetrics
  readonly recorded: RequestedPing[]
  readonly counted: (Range | 'total')[]
  /** What was asked about buckets. */
  readonly listed: BucketQuestion[]
  /** Whether each count was requested as strong. */
  readonly strong: boolean[]
  readonly logged: Record<string, unknown>[]
}

export interface FixtureOptions extends Partial<
  Pick<
    PingHttpOptions,
    'limits' | 'maxBodyBytes' | 'maxBatchBodyBytes' | 'allowedOrigins' | 'hosts' | 'tls' | 'access' | 'lean' | 'pageStates' | 'tracing'
  >
> {
  readonly record?: PingRecorder['record']
  /** Replaces the recorder that only remembers its calls. */
  readonly recorder?: PingRecorder
  readonly list?: (question: BucketQuestion) => Promise<Buckets>
  readonly count?: (range: Range | undefined, strong: boolean) => Promise<Count>
}

export async function startHttpFixture(options: FixtureOptions = {}): Promise<HttpFixture> {
  const readiness = new Readiness()
  readiness.ready()
  const metrics = createServerMetrics()
  const recorded: RequestedPing[] = []
  const counted: (Range | 'total')[] = []
  const listed: BucketQuestion[] = []
  const strong: boolean[] = []
  const logged: Record<string, unknown>[] = []
  const log = pino({ level: 'debug' }, { write: line => void logged.push(JSON.parse(line)) })
  const answer = async (range: Range | undefined, isStrong: boolean): Promise<Count> => {
    counted.push(range ?? 'total')
    strong.push(isStrong)
    return (await options.count?.(range, isStrong)) ?? { count: BigInt(recorded.length), source: 'cache', ageMs: 12.3 }
  }
  const reader: PingCounter = { answered: 0n, total: isStrong => answer(undefined, isStrong), range: answer }
  const buckets: PingBuckets = {
    async list(question) {
      listed.push(question)
      return (await options.list?.(question)) ?? { buckets: [], source: 'cache', ageMs: 12.3 }
    },
  }
  const record = async (ping: RequestedPing): Promise<void> => {
    await options.record?.(ping)
    recorded.push(ping)
  }
  const recordAll: PingRecorder['recordAll'] = pings =>
    Promise.all(
      pings.map(ping =>
        record(ping).then(
          () => undefined,
          (error: Error) => error,
        ),
      ),
    )
  const { maxBodyBytes = 65_536, maxBatchBodyBytes = 2_097_152, allowedOrigins = ['*'], hosts = ['127.0.0.1'], limits = {} } = options
  const { tls, access, lean = true, pageStates, tracing } = options
  const http = await startPingHttp({
    port: 0,
    portSetting: 'PORT',
    hosts,
    tls,
    access,
    lean,
    pageStates,
    tracing,
    maxBodyBytes,
    maxBatchBodyBytes,
    allowedOrigins,
    limits,
    recorder: options.recorder ?? { record, recordAll },
    reader,
    buckets,
    readiness,
    metrics,
    log,
  })
  const { port } = http
  const stop = async (): Promise<void> => void (await http.stop(0))
  return {
    url: `http${tls ? 's' : ''}://127.0.0.1:${port}`,
    port,
    http,
    readiness,
    metrics,
    recorded,
    counted,
    listed,
    strong,
    logged,
    [Symbol.asyncDispose]: stop,
  }
}

/** Options of all transports, such as a certificate authority. */
interface TransportOptions {
  readonly nodeOptions?: SecureContextOptions
  readonly interceptors?: Interceptor[]
}

/** One transport for each protocol, HTTP version and encoding that the port serves. */
export function transports(
  baseUrl: string,
  { nodeOptions = {}, interceptors = [] }: TransportOptions = {},
): Readonly<Record<string, Transport>> {
  const shared = { baseUrl, nodeOptions, interceptors }
  return {
    'Connect, JSON, HTTP/1.1': createConnectTransport({ ...shared, httpVersion: '1.1' }),
    'Connect, binary, HTTP/1.1': createConnectTransport({ ...shared, httpVersion: '1.1', useBinaryFormat: true }),
    'Connect, JSON, HTTP/2': createConnectTransport({ ...shared, httpVersion: '2' }),
    'Connect, GET': createConnectTransport({ ...shared, httpVersion: '1.1', useHttpGet: true }),
    gRPC: createGrpcTransport(shared),
    'gRPC-Web, HTTP/1.1': createGrpcWebTransport({ ...shared, httpVersion: '1.1' }),
    'gRPC-Web, HTTP/2': createGrpcWebTransport({ ...shared, httpVersion: '2' }),
  }
}

export const PROTOCOLS = Object.keys(transports('http://unused'))

export function pingClient(fixture: { readonly url: string }, protocol = 'Connect, JSON, HTTP/1.1') {
  return createClient(PingService, transports(fixture.url)[protocol]!)
}

/** Posts JSON to Ping or PingCount. */
export async function postJson(
  url: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; json: Record<string, unknown> }> {
  const response = await fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })
  return { status: response.status, headers: response.headers, json: (await response.json()) as Record<string, unknown> }
}

/** Less than a test may take by default: so the test says what the program printed. */
const RUN_LIMIT_MS = 50_000

/** Runs a program to its end. */
export function run(command: string, args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(command, args, { cwd: ROOT, timeout: RUN_LIMIT_MS, env: shellEnvironment() }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
    })
  })
}

export function buf(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return run(fileURLToPath(new URL('../../node_modules/.bin/buf', import.meta.url)), args)
}

/** Sends raw bytes. Resolves to everything received, once the server closes the connection. */
export function sendRaw(port: number, text: string, onData: (soFar: string) => void = () => undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write(text))
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      onData(answer)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}
