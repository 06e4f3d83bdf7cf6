import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** A span as it arrived by OTLP. */
export interface ReceivedSpan {
  readonly service: string
  readonly resource: Readonly<Record<string, unknown>>
  readonly name: string
  /** As in OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  /** Undefined: the first of its trace. */
  readonly parentSpanId: string | undefined
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly attributes: Readonly<Record<string, unknown>>
  /** The message if the work failed; undefined if it did not. */
  readonly error: string | undefined
  readonly startMs: number
  readonly endMs: number
}

/** What takes traces, as Jaeger and the Collector do: OTLP over HTTP, in JSON. */
export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string
  /** All that have arrived, in the order of arrival. */
  readonly spans: readonly ReceivedSpan[]
  /** The path and the headers of each request. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[]
  /** Answers this status from now on, and keeps no spans unless it is 200. */
  answer(status: number): void
  stop(): Promise<void>
}

export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const requests: { path: string; headers: IncomingHttpHeaders }[] = []
  let status = 200
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = []
    request
      .on('data', (chunk: Uint8Array) => chunks.push(chunk))
      .on('end', () => {
        requests.push({ path: request.url ?? '', headers: request.headers })
        const body = Buffer.concat(chunks)
        if (status === 200) spans.push(...spansOf(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body))
        response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
      })
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    answer: next => void (status = next),
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

interface Value {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly boolValue?: boolean
}
interface Pair {
  readonly key: string
  readonly value: Value
}
/** The part of OTLP's JSON that is read here. */
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Pair[] }
    readonly scopeSpans: readonly {
      readonly spans: readonly (Pick<ReceivedSpan, 'name' | 'kind' | 'traceId' | 'spanId'> & {
        readonly parentSpanId?: string
        readonly links?: ReceivedSpan['links']
        readonly attributes: readonly Pair[]
        readonly status: { readonly code?: number; readonly message?: string }
        readonly startTimeUnixNano: string
        readonly endTimeUnixNano: string
      })[]
    }[]
  }[]
}

const FAILED = 2

function spansOf(body: Uint8Array): readonly ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(Buffer.from(body).toString()) as Export
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const ofService = valuesOf(resource.attributes)
    return scopeSpans.flatMap(scope =>
      scope.spans.map(span => ({
        service: String(ofService['service.name']),
        resource: ofService,
        name: span.name,
        kind: span.kind,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
        attributes: valuesOf(span.attributes),
        error: span.status.code === FAILED ? (span.status.message ?? '') : undefined,
        startMs: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
        endMs: Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000,
      })),
    )
  })
}

function valuesOf(pairs: readonly Pair[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue ?? value.doubleValue)]))
}
