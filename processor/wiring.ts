import { createCache, type Cache } from '../src/counters/connect.ts'
import { redisOptions } from '../src/counters/settings.ts'
import { DeadLetters } from '../src/kafka/dead-letters.ts'
import { createKafka } from '../src/kafka/kafka.ts'
import { Pool } from '../src/ledger/pool.ts'
import { postgresConfig } from '../src/postgres/settings.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { Readiness } from '../src/runtime/readiness.ts'
import type { Running } from '../src/runtime/run-program.ts'
import { startStatusServer } from '../src/runtime/status-server.ts'
import { SERVICES } from '../src/tracing/names.ts'
import { startTracing } from '../src/tracing/start-tracing.ts'
import type { Tracing } from '../src/tracing/tracing.ts'
import { Assignment } from './assignment.ts'
import { AuditLoop } from './audit-loop.ts'
import { CatchUpLoop } from './catch-up-loop.ts'
import { PingConsumer } from './consumer.ts'
import { FlushTracing } from './flush-tracing.ts'
import { Flusher } from './flusher.ts'
import { Lanes } from './lanes.ts'
import { createProcessorMetrics, type ProcessorMetrics } from './metrics.ts'
import { Rebuilder } from './rebuilder.ts'
import { processorSettings, type ProcessorSettings } from './settings.ts'
import { TickLoop } from './tick-loop.ts'
import { WantedWork } from './wanted-work.ts'
import { ReadinessWatch } from './watch-readiness.ts'

const CONNECTIONS = 4
const COMMIT_INTERVAL_MS = 1_000
const QUERY_TIMEOUT_MS = 10_000
const CACHE_COMMAND_TIMEOUT_MS = 2_000
/** Maximum time of a stop: the last flush, the last commit, leaving the group, the last spans. Kill a processor only after this time. */
export const STOP_PARTS_MS = 20_000

interface Parts {
  readonly pool: Pool
  readonly cache: Cache
  readonly flusher: Flusher
  readonly ticks: TickLoop
  readonly catchUps: CatchUpLoop
  readonly audits: AuditLoop
  readonly consumer: PingConsumer
  readonly deadLetters: DeadLetters
}

/** Starts a processor. No other part has to run yet: the processor waits for each of them. */
export async function startProcessor(settings: ProcessorSettings, log: Logger): Promise<Running> {
  const tracing = await startTracing(settings, { service: SERVICES.processor, log })
  const metrics = createProcessorMetrics()
  const readiness = new Readiness('no tick has succeeded yet: the cache has not been compared with Postgres')
  const parts = createParts(settings, { log, metrics, tracing })
  const watch = new ReadinessWatch({ readiness, ticks: parts.ticks })
  const status = await startStatusServer({
    port: settings.port,
    hosts: settings.hosts,
    portSetting: processorSettings.port.env,
    readiness,
    metrics: metrics.registry,
    log,
  })
  startParts(parts)
  watch.start()
  log.info({ port: status.port }, 'processor started')
  return {
    stop: async () => {
      watch.stop()
      readiness.notReady('stopping')
      await stopParts(parts)
      await status.stop()
      await tracing?.stop()
    },
  }
}

/** What every part may report to. */
interface Reports {
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  readonly tracing: Tracing | undefined
}

/** Each part gets only parts that were created before it. */
function createParts(settings: ProcessorSettings, { log, metrics, tracing }: Reports): Parts {
  const {
    maxMinutes,
    flushRecords,
    flushIntervalMs,
    tickIntervalMs,
    auditIntervalMs,
    maxOpenRecords,
    groupId,
    kafkaTopic: topic,
  } = settings
  const pool = new Pool(postgresConfig(settings), {
    applicationName: 'ping-processor',
    max: CONNECTIONS,
    log,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
  })
  const cache = createCache(redisOptions(settings), { log, commandTimeoutMs: CACHE_COMMAND_TIMEOUT_MS })
  const [lanes, wanted, assignment] = [new Lanes(), new WantedWork(), new Assignment()]
  metrics.watchOpen(() => lanes.size())
  const shared = { cache, pool, lanes, wanted, log, metrics, tracing, maxMinutes }
  const flusher = new Flusher({
    ...shared,
    flushRecords,
    flushIntervalMs,
    flushTracing: tracing && new FlushTracing({ tracing, topic, groupId }),
  })
  const rebuilder = new Rebuilder(shared)
  const ticks = new TickLoop({ ...shared, assignment, flusher, rebuilder, intervalMs: tickIntervalMs })
  const catchUps = new CatchUpLoop({ ...shared, flusher })
  const audits = new AuditLoop({ ...shared, rebuilder, intervalMs: auditIntervalMs })
  const kafka = createKafka(settings, 'ping-processor', log)
  const deadLetters = new DeadLetters({ kafka, topic, topicSettings: settings, headerPrefix: 'ping-', log })
  const consumer = new PingConsumer({
    kafka,
    topic,
    groupId,
    topicSettings: settings,
    assignment,
    lanes,
    flusher,
    deadLetters,
    log,
    metrics,
    tracing,
    maxOpenRecords,
    commitIntervalMs: COMMIT_INTERVAL_MS,
    ready: ticks.firstTick,
  })
  return { pool, cache, flusher, ticks, catchUps, audits, consumer, deadLetters }
}

function startParts({ ticks, catchUps, audits, consumer }: Parts): void {
  ticks.start()
  catchUps.start()
  consumer.start()
  audits.start()
}

/** The buffers are flushed first. Then the consumer commits and leaves its group, and the connections end last. */
async function stopParts({ pool, cache, flusher, ticks, catchUps, audits, consumer, deadLetters }: Parts): Promise<void> {
  await audits.stop()
  await flusher.flush()
  await consumer.stop()
  await flusher.stop()
  await Promise.all([ticks.stop(), catchUps.stop()])
  await deadLetters.stop()
  cache.disconnect()
  await pool.end()
}
