import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, createClient, type CallOptions } from '@connectrpc/connect'
import {
  BucketUnit,
  Consistency,
  CountSource,
  PingBatchRequestSchema,
  PingService,
  type PingRequest,
  type PingResult,
  type WatchCountResponse,
} from '../../gen/ping/v1/ping_pb.ts'
import { connectTo, type ClientOptions } from './connect-to.ts'

/** The question to PingCount. `range` is `[start, end)` in ms since the epoch. */
export interface CountQuestion {
  readonly range: { readonly start: bigint; readonly end: bigint } | undefined
  readonly strong: boolean
}

/** The answer of PingCount; source and age are undefined if the server does not report them. */
export interface CountAnswer {
  readonly count: bigint
  readonly source: string | undefined
  readonly ageMs: number | undefined
}

/** The units of buckets, by their names in options. */
export const BUCKET_UNITS = {
  minute: BucketUnit.MINUTE,
  hour: BucketUnit.HOUR,
  day: BucketUnit.DAY,
  week: BucketUnit.WEEK,
  month: BucketUnit.MONTH,
} as const
export type Unit = keyof typeof BUCKET_UNITS

/** The question to ListBuckets. `range` is `[start, end)` in ms since the epoch; `zone` an IANA name. */
export interface BucketsQuestion {
  readonly range: { readonly start: bigint; readonly end: bigint }
  readonly unit: Unit
  readonly zone: string
  readonly strong: boolean
}

/** The answer of ListBuckets, the earliest bucket first. */
export interface BucketsAnswer extends Pick<CountAnswer, 'source' | 'ageMs'> {
  readonly buckets: readonly { readonly start: bigint; readonly count: bigint }[]
}

/** The names of sources, as in the headers of PingCount. */
const SOURCES: Readonly<Record<number, string>> = { [CountSource.CACHE]: 'cache', [CountSource.DATABASE]: 'database' }

/** One server, over one protocol. Every call may be repeated: a ping carries its id. */
export interface PingClient {
  ping(id: string, timestampMs: bigint | undefined, call: CallOptions): Promise<void>
  /** One result per ping, in their order. */
  batch(pings: readonly PingRequest[], call: CallOptions): Promise<readonly PingResult[]>
  /** The results in the order of the pings, as they arrive. Over HTTP/2 only. */
  stream(messages: AsyncIterable<readonly PingRequest[]>, call: CallOptions): AsyncIterable<readonly PingResult[]>
  count(question: CountQuestion, call: CallOptions): Promise<CountAnswer>
  /** The total at once, and again whenever it has changed. Only the server ends it. */
  watch(call: CallOptions): AsyncIterable<CountAnswer>
  buckets(question: BucketsQuestion, call: CallOptions): Promise<BucketsAnswer>
  /** Closes the connections. */
  close(): void
}

export function createPingClient(options: ClientOptions): PingClient {
  const { transport, close } = connectTo(options)
  const service = createClient(PingService, transport)
  return {
    close,
    ping: async (id, timestampMs, call) => {
      await service.ping({ pingId: id, ...(timestampMs !== undefined && { timestampMs }) }, call)
    },
    batch: async (pings, call) => {
      const request = create(PingBatchRequestSchema)
      request.pings = [...pings]
      const { results } = await service.pingBatch(request, call)
      // A ping without a result is not acknowledged.
      if (results.length !== pings.length) throw new ConnectError(`got ${results.length} results, expected ${pings.length}`, Code.Internal)
      return results
    },
    stream: (messages, call) => resultsOf(service.pingStream(requestsOf(messages), call)),
    count: async (question, call) => {
      let headers = new Headers()
      const { pingCount } = await service.pingCount(
        {
          ...(question.range && { timeRange: question.range }),
          consistency: question.strong ? Consistency.STRONG : Consistency.UNSPECIFIED,
        },
        { ...call, onHeader: got => (headers = got) },
      )
      return { count: pingCount, ...originOf(headers) }
    },
    watch: call => totalsOf(service.watchCount({}, call)),
    buckets: async ({ range, unit, zone, strong }, call) => {
      let headers = new Headers()
      const { buckets } = await service.listBuckets(
        { timeRange: range, unit: BUCKET_UNITS[unit], timeZone: zone, ...(strong && { consistency: Consistency.STRONG }) },
        { ...call, onHeader: got => (headers = got) },
      )
      return { buckets: buckets.map(({ start, pingCount }) => ({ start, count: pingCount })), ...originOf(headers) }
    },
  }
}

async function* requestsOf(messages: AsyncIterable<readonly PingRequest[]>): AsyncGenerator<{ pings: PingRequest[] }> {
  for await (const pings of messages) yield { pings: [...pings] }
}

async function* totalsOf(responses: AsyncIterable<WatchCountResponse>): AsyncGenerator<CountAnswer> {
  for await (const { pingCount, source, ageMs } of responses) yield { count: pingCount, source: SOURCES[source], ageMs: Number(ageMs) }
}

async function* resultsOf(responses: AsyncIterable<{ readonly results: readonly PingResult[] }>): AsyncGenerator<readonly PingResult[]> {
  for await (const { results } of responses) yield results
}

function originOf(headers: Headers): Pick<CountAnswer, 'source' | 'ageMs'> {
  return { source: headers.get('ping-count-source') ?? undefined, ageMs: age(headers) }
}

function age(headers: Headers): number | undefined {
  const text = headers.get('ping-count-age-ms')
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined
}
