/**
 * The names of spans and their attributes, all in one place. They are those of OpenTelemetry's semantic conventions 1.45
 * (https://opentelemetry.io/docs/specs/semconv/), in which those for messaging and for Connect are still in development. What the
 * conventions have no name for begins with `ping.`.
 */

/** The name that shows which program recorded a span. */
export const SERVICES = { server: 'ping-server', processor: 'ping-processor' } as const

/** Names of spans. A call has the name of its method, and a span of messaging `<operation> <topic>`. */
export const SPANS = {
  /** One transaction of the recorder. */
  batch: 'record batch',
  /** One read of the cache, shared by the callers of that time. */
  cacheLook: 'look at cache',
  /** One read of Postgres for counts. */
  databaseLook: 'look at database',
  /** One request to Kafka, with events of all lanes. */
  send: (topic: string) => `send ${topic}`,
  /** One event, from the hand-over to the relay until Kafka has it. */
  publish: (topic: string) => `publish ${topic}`,
  /** One event, from its receipt by the processor until the cache has it. */
  process: (topic: string) => `process ${topic}`,
  /** One write of what the processor has buffered into the cache. */
  flush: (topic: string) => `flush ${topic}`,
  catchUp: 'catch up lane',
  rebuild: 'rebuild cache',
} as const

/** Names of attributes. */
export const ATTRIBUTES = {
  rpcSystem: 'rpc.system.name',
  rpcMethod: 'rpc.method',
  /** gRPC: OK, UNAVAILABLE …. Connect: unavailable …, only if the call failed. */
  rpcStatus: 'rpc.response.status_code',
  errorType: 'error.type',
  dbSystem: 'db.system.name',
  messagingSystem: 'messaging.system',
  messagingOperation: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingDestination: 'messaging.destination.name',
  messagingPartition: 'messaging.destination.partition.id',
  messagingBatchSize: 'messaging.batch.message_count',
  messagingGroup: 'messaging.consumer.group.name',
  messagingOffset: 'messaging.kafka.offset',
  lane: 'ping.lane',
  /** The highest seq that the work concerned. */
  seq: 'ping.seq',
  /** How many pings the work concerned. */
  pings: 'ping.count',
  /** How many of these pings are part of a trace that is recorded. */
  sampledPings: 'ping.sampled.count',
  /** How many lanes the work concerned. */
  lanes: 'ping.lane.count',
  /** Why the work was necessary. */
  reason: 'ping.reason',
  attempts: 'ping.attempts',
  /** Where a count came from: cache or database. */
  source: 'ping.count.source',
  outcome: 'ping.outcome',
} as const

/** Values of attributes. */
export const SYSTEMS = { grpc: 'grpc', connect: 'connectrpc', postgres: 'postgresql', redis: 'redis', kafka: 'kafka' } as const
export const OPERATIONS = { send: 'send', publish: 'publish', process: 'process', flush: 'flush' } as const
