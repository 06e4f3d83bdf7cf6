import { ERROR, ProtocolError } from '../errors.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { batchBytes, recordCount } from '../records/batch.ts'
import type { Handler } from '../server/handler.ts'
import type { Topics } from '../topics/topics.ts'
import type { RequestOf, ResponseOf } from '../wire/api.ts'
import type { fetch } from '../wire/tables/fetch.ts'
import { checkFetchedEpoch, checkLeaderEpoch } from './leader-epoch.ts'
import type { Waiters } from './waiters.ts'

type Request = RequestOf<typeof fetch>
type Asked = Request['topics'][number]['partitions'][number]
type TopicResponse = ResponseOf<typeof fetch>['responses'][number]
type PartitionResponse = TopicResponse['partitions'][number]

export interface FetchOptions {
  readonly topics: Topics
  readonly waiters: Waiters
  /** The maximum size of a response in bytes, no matter what a client asks for (`fetch.max.bytes`). */
  readonly maxBytes: number
  /** Called with the whole batches of a topic that are sent. */
  readonly fetched: (topic: string, records: number, bytes: number) => void
}

const READ_COMMITTED = 1
/** Session 0 means that there are no sessions: clients then name all partitions in each request. */
const NO_SESSION = 0
/** The epoch of a request outside any session, or of one that ends its session. */
const NO_EPOCH = -1

export function fetchHandler(options: FetchOptions): Handler<typeof fetch> {
  return async (request, { signal }) => {
    if (request.sessionId !== NO_SESSION && request.sessionEpoch !== NO_EPOCH)
      return { errorCode: ERROR.FETCH_SESSION_ID_NOT_FOUND, sessionId: NO_SESSION, responses: [] }
    const deadline = performance.now() + request.maxWaitMs
    for (;;) {
      const outcome = look(options, request, signal.aborted ? 0 : deadline - performance.now())
      if ('responses' in outcome) return outcome
      await options.waiters.wait({ ...outcome, signal })
    }
  }
}

type Response = ResponseOf<typeof fetch>

interface Wait {
  readonly logs: readonly PartitionLog[]
  readonly missingBytes: number
  readonly maxWaitMs: number
}

/** The response, or what to wait for. The bytes that were read are not kept while a request waits. */
function look(options: FetchOptions, request: Request, leftMs: number): Response | Wait {
  const round = new Round(options, request)
  const missingBytes = Math.min(request.minBytes, request.maxBytes, options.maxBytes) - round.bytes
  if (round.hasError || missingBytes <= 0 || leftMs <= 0 || round.logs.length === 0) return round.answer()
  return { logs: round.logs, missingBytes, maxWaitMs: leftMs }
}

/** Reads all requested partitions once. */
class Round {
  readonly #options: FetchOptions
  readonly #isolationLevel: number
  readonly #responses: TopicResponse[]
  readonly logs: PartitionLog[] = []
  bytes = 0
  hasError = false
  #leftBytes: number

  constructor(options: FetchOptions, request: Request) {
    this.#options = options
    this.#isolationLevel = request.isolationLevel
    this.#leftBytes = Math.min(options.maxBytes, request.maxBytes)
    this.#responses = Array.from(once(request.topics), ([topic, partitions]) => ({
      topic,
      partitions: Array.from(partitions.values(), asked => this.#look(topic, asked)),
    }))
  }

  answer(): Response {
    for (const { topic, partitions } of this.#responses) {
      for (const piece of partitions.flatMap(({ records }) => records ?? [])) this.#options.fetched(topic, recordsIn(piece), piece.length)
    }
    return { sessionId: NO_SESSION, responses: this.#responses }
  }

  #look(topic: string, asked: Asked): PartitionResponse {
    const partitionIndex = asked.partition
    try {
      const log = this.#options.topics.partition(topic, partitionIndex)
      checkLeaderEpoch(asked.currentLeaderEpoch)
      checkFetchedEpoch(asked.lastFetchedEpoch)
      const records = this.#read(log, asked)
      this.logs.push(log)
      return {
        partitionIndex,
        errorCode: ERROR.NONE,
        highWatermark: log.highWatermark,
        lastStableOffset: log.lastStableOffset,
        logStartOffset: log.startOffset,
        abortedTransactions: this.#aborted(),
        records,
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.hasError = true
      const isThere = error.code !== ERROR.UNKNOWN_TOPIC_OR_PARTITION
      return { partitionIndex, errorCode: error.code, highWatermark: -1n, abortedTransactions: isThere ? this.#aborted() : [], records: [] }
    }
  }

  /** Empty, since there are no transactions yet; null for a client that did not ask for committed records only. */
  #aborted(): [] | null {
    return this.#isolationLevel === READ_COMMITTED ? [] : null
  }

  #read(log: PartitionLog, { fetchOffset, partitionMaxBytes }: Asked): Buffer[] {
    // The first batch is sent regardless of its size: otherwise a client that asks for too few bytes would be stuck.
    const atLeastOneBatch = this.bytes === 0
    if (this.#leftBytes <= 0 && !atLeastOneBatch) return []
    const pieces = log.read(fetchOffset, Math.max(0, Math.min(partitionMaxBytes, this.#leftBytes)), { atLeastOneBatch })
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    this.bytes += bytes
    this.#leftBytes -= bytes
    return pieces
  }
}

/** By topic and partition: a partition that is named twice is read once. */
function once(topics: Request['topics']): ReadonlyMap<string, ReadonlyMap<number, Asked>> {
  const byTopic = new Map<string, Map<number, Asked>>()
  for (const { topic, partitions } of topics) {
    const byPartition = byTopic.get(topic) ?? new Map<number, Asked>()
    for (const asked of partitions) byPartition.set(asked.partition, asked)
    byTopic.set(topic, byPartition)
  }
  return byTopic
}

/** The number of records in consecutive whole batches. */
function recordsIn(piece: Buffer): number {
  let records = 0
  for (let at = 0; at < piece.length; at += batchBytes(piece, at)) records += recordCount(piece, at)
  return records
}
