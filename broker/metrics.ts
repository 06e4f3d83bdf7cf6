import { errorCodesIn } from './error-codes.ts'
import { ERROR } from './errors.ts'
import { counter, gauge, histogram, type Family } from './metrics-text.ts'

/** The state of the broker, read at each request for the metrics. */
export interface BrokerView {
  /** Number of open connections. */
  readonly connections: number
  readonly topics: readonly TopicView[]
  /** Number of groups in each state. */
  readonly groups: ReadonlyMap<string, number>
  /** Number of fetches that wait for records. */
  readonly waitingFetches: number
}

export interface TopicView {
  readonly name: string
  readonly partitions: number
  readonly bytes: number
  /** Number of offsets from the first to the last record. */
  readonly records: bigint
}

interface Flow {
  records: number
  bytes: number
}

interface Requests {
  count: number
  seconds: number
  /** Number of requests by bucket: the first bound that they did not exceed. The last bucket has no bound. */
  readonly buckets: number[]
  readonly errors: Map<number, number>
}

/** Upper bounds in seconds. A fetch may wait as long as its client asks for. */
const BOUNDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
const MS_PER_SECOND = 1_000
const ERROR_NAMES = new Map<number, string>(Object.entries(ERROR).map(([name, code]) => [code, name]))

/** Counts requests and records as plain numbers, and formats them only when the metrics are requested. */
export class BrokerMetrics {
  readonly #in = new Map<string, Flow>()
  readonly #out = new Map<string, Flow>()
  readonly #requests = new Map<string, Requests>()
  #opened = 0

  connectionOpened(): void {
    this.#opened++
  }

  /** Call for each appended batch, but not for a duplicate. */
  produced(topic: string, records: number, bytes: number): void {
    flow(this.#in, topic, records, bytes)
  }

  /** Call for batches that are sent to a client. They may contain more records than the client asked for. */
  fetched(topic: string, records: number, bytes: number): void {
    flow(this.#out, topic, records, bytes)
  }

  /** Call for each request that was served. Counts the error codes of its response. */
  served(api: string, durationMs: number, response: unknown): void {
    let requests = this.#requests.get(api)
    if (requests === undefined) {
      requests = { count: 0, seconds: 0, buckets: Array.from({ length: BOUNDS.length + 1 }, () => 0), errors: new Map() }
      this.#requests.set(api, requests)
    }
    const seconds = durationMs / MS_PER_SECOND
    requests.count++
    requests.seconds += seconds
    let bucket = 0
    while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]!) bucket++
    requests.buckets[bucket] = requests.buckets[bucket]! + 1
    for (const code of errorCodesIn(response)) requests.errors.set(code, (requests.errors.get(code) ?? 0) + 1)
  }

  /** Drops the figures of a topic that was deleted. */
  forget(topic: string): void {
    this.#in.delete(topic)
    this.#out.delete(topic)
  }

  /** All metrics, by name. */
  families({ connections, topics, groups, waitingFetches }: BrokerView): readonly Family[] {
    return [
      counter('records_in_total', 'Records appended', this.#flows(this.#in, 'records')),
      counter('bytes_in_total', 'Bytes of record batches appended', this.#flows(this.#in, 'bytes')),
      counter('records_out_total', 'Records of the batches sent to consumers', this.#flows(this.#out, 'records')),
      counter('bytes_out_total', 'Bytes of record batches sent to consumers', this.#flows(this.#out, 'bytes')),
      ...this.#requestFamilies(),
      gauge('connections', 'Open connections', [[{}, connections]]),
      counter('connections_total', 'Connections ever opened', [[{}, this.#opened]]),
      gauge(
        'partitions',
        'Partitions of a topic',
        topics.map(({ name, partitions }) => [{ topic: name }, partitions]),
      ),
      gauge(
        'log_bytes',
        'Bytes of a topic on disk or in memory',
        topics.map(({ name, bytes }) => [{ topic: name }, bytes]),
      ),
      gauge(
        'log_records',
        'Offsets of a topic from the first to the last record',
        topics.map(({ name, records }) => [{ topic: name }, Number(records)]),
      ),
      gauge(
        'groups',
        'Groups by state',
        [...groups].map(([state, count]) => [{ state }, count]),
      ),
      gauge('waiting_fetches', 'Fetches that wait for records', [[{}, waitingFetches]]),
    ]
  }

  #flows(flows: ReadonlyMap<string, Flow>, what: keyof Flow): Family['samples'] {
    return [...flows].map(([topic, counted]) => [{ topic }, counted[what]])
  }

  #requestFamilies(): readonly Family[] {
    const all = [...this.#requests]
    const errors = all.flatMap(([api, requests]) =>
      [...requests.errors].map(([code, count]) => [{ api, error: ERROR_NAMES.get(code) ?? String(code) }, count] as const),
    )
    return [
      counter('errors_total', 'Error codes in responses, one for each partition or other part', errors),
      histogram(
        'request_seconds',
        'Seconds from the complete request to its response, including the wait of a fetch',
        BOUNDS,
        all.map(([api, requests]) => [{ api }, requests]),
      ),
    ]
  }
}

function flow(flows: Map<string, Flow>, topic: string, records: number, bytes: number): void {
  const counted = flows.get(topic)
  if (counted === undefined) {
    flows.set(topic, { records, bytes })
    return
  }
  counted.records += records
  counted.bytes += bytes
}
