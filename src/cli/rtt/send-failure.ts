/** Brokers that answer so have not written the record; the next try may succeed. */
const MAY_PASS = new Set(['NOT_LEADER_FOR_PARTITION', 'NOT_ENOUGH_REPLICAS', 'UNKNOWN_TOPIC_OR_PARTITION'])
/**
 * Kafka may have written the record nevertheless. The last one is that of the request for metadata that kafkajs makes after any failure:
 * it hides that the connection to the leader broke.
 */
const UNKNOWN = new Set(['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'UNKNOWN', 'NETWORK_EXCEPTION', 'LEADER_NOT_AVAILABLE'])

export interface SendFailure {
  /** `again`: not written, another try may succeed. `refused`: not written, another try does not help. `unknown`: it may be written. */
  readonly kind: 'again' | 'refused' | 'unknown'
  readonly reason: string
}

/** kafkajs' errors, as far as they matter here. Some do not hold one cause but several. */
type KafkaError = Error & { readonly type?: string; readonly retriable?: boolean; readonly errors?: readonly unknown[] }

/** What a failed send means. `isEncoded`: kafkajs had built the request, so that it may have reached the broker. */
export function sendFailure(error: unknown, isEncoded: boolean): SendFailure {
  const root = rootOf(error)
  const { type } = root
  const reason = reasonOf(root)
  if (type === undefined) return { kind: isEncoded && root.message !== 'Not connected' ? 'unknown' : 'again', reason }
  if (MAY_PASS.has(type)) return { kind: 'again', reason }
  if (UNKNOWN.has(type)) return { kind: isEncoded ? 'unknown' : 'again', reason }
  return { kind: root.retriable === true ? 'again' : 'refused', reason }
}

/** The error that kafkajs has wrapped, or the first of several. */
export function rootOf(error: unknown): KafkaError {
  const root: KafkaError = error instanceof Error ? error : new Error(String(error))
  const inner = root.cause ?? root.errors?.[0]
  return inner instanceof Error ? rootOf(inner) : root
}

/** In one line, without what kafkajs puts before each. */
export function reasonOf({ type, message }: KafkaError): string {
  return type === undefined ? message.replace(/^Connection error: /, '') : `${type}: ${message}`
}
