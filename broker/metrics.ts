import { errorCodesIn } from './error-codes.ts'
import { ERROR } from './errors.ts'
import { counter, gauge, histogram, type Family } from './metrics-text.ts'

/** What is read off the broker whenever the metrics are asked for. */
export interface BrokerView {
  /** Open ones. */
  readonly connections: number
  readonly topics: readonly TopicView[]
  /** How many groups are in each state. */
  readonly groups: ReadonlyMap<string, number>
  /** Fetches that wait for records. */
  readonly waitingFetches: number
}

export interface TopicView {
  readonly name: string
  readonly partitions: number
  readonly bytes: number
  /** Offsets from the first to the last record. */
  readonly records: bigint
}

interface Flow {
  records: number
  bytes: number
}

interface Requests {
  count: number
  seconds: number
  /** Requests by the first bound that they were not above; the last place is above all. */
  readonly buckets: number[]
  readonly errors: Map<number, number>
}

/** Upper bounds in seconds. A fetch may wait as long as its client likes. */
const BOUNDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
const MS_PER_SECOND = 1_000
const ERROR_NAMES = new Map<number, string>(Object.entries(ERROR).map(([name, code]) => [code, name]))

/** Plain numbers, counted on the way of each request; text is made of them when they are asked for. */
export class BrokerMetrics {
  readonly #in = new Map<string, Flow>()
  readonly #out = new Map<string, Flow>()
  readonly #requests = new Map<string, Requests>()
  #opened = 0

  connectionOpened(): void {
    this.#opened++
  }

  /** One batch was appended; not for a repeated one. */
  produced(topic: string, records: number, bytes: number): void {
    flow(this.#in, topic, records, bytes)
  }

  /** Batches went to a client. Their records may be more than it asked for. */
  fetched(topic: string, records: number, bytes: number): void {
    flow(this.#out, topic, records, bytes)
  }

  /** One request was served. The error codes of its answer are counted. */
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
        'Offsets of a topic that are kept',
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
      counter('errors_total', 'Error codes in answers, one for each partition or other part', errors),
      histogram(
        'request_seconds',
        'Seconds from the whole request to its answer, with what a fetch waits',
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
