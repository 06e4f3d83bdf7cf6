import { createCache } from '../src/counters/connect.ts'
import { redisOptions } from '../src/counters/settings.ts'
import { createKafka } from '../src/events/kafka.ts'
import { Pool } from '../src/ledger/pool.ts'
import { postgresConfig } from '../src/ledger/settings.ts'
import type { Running } from '../src/runtime/lifecycle.ts'
import { createLogger } from '../src/runtime/logger.ts'
import { Readiness } from '../src/runtime/readiness.ts'
import { startStatusServer } from '../src/runtime/status-server.ts'
import { startAudits } from './audits.ts'
import { PingConsumer } from './consumer.ts'
import { DeadLetters } from './dead-letters.ts'
import { Flusher } from './flusher.ts'
import { Lanes } from './lanes.ts'
import { createProcessorMetrics } from './metrics.ts'
import { watchReadiness } from './readiness.ts'
import { Reconciler } from './reconciler.ts'
import { processorSettings, type ProcessorSettings } from './settings.ts'

const QUERY_TIMEOUT_MS = 10_000
const CACHE_TIMEOUT_MS = 2_000
/** Longest stop: the last flush, the last commit, leaving the group. Whoever ends a processor by force waits longer. */
export const STOP_WITHIN_MS = 20_000

/** Starts a processor. It needs nothing to be there: what is away is waited for, part by part. */
export async function startProcessor(settings: ProcessorSettings): Promise<Running & { port: number }> {
  const log = createLogger({ name: 'processor', level: settings.logLevel })
  const metrics = createProcessorMetrics()
  const readiness = new Readiness('no tick has succeeded yet')
  const { maxMinutes, flushRecords, flushIntervalMs, tickIntervalMs, maxOpenRecords, groupId, kafkaTopic: topic } = settings
  const kafka = createKafka(settings, 'ping-processor', log)
  const pool = new Pool(postgresConfig(settings), { applicationName: 'ping-processor', max: 4, log, queryTimeoutMs: QUERY_TIMEOUT_MS })
  const cache = createCache(redisOptions(settings), { log, commandTimeoutMs: CACHE_TIMEOUT_MS })
  const lanes = new Lanes()
  metrics.watchOpen(() => lanes.size())

  const reconciler: Reconciler = new Reconciler(
    { cache, pool, lanes, log, metrics, maxMinutes, tickIntervalMs, isMine: lane => consumer.isMine(lane) },
    () => flusher,
  )
  const flusher = new Flusher({
    cache,
    lanes,
    log,
    metrics,
    maxMinutes,
    flushRecords,
    flushIntervalMs,
    onIncomplete: () => reconciler.wantTick(),
    onMalformed: field => reconciler.wantRebuild(`${field} is ill-formed`),
    onRefused: lane => reconciler.wantCatchUp(lane),
  })
  const deadLetters = new DeadLetters(kafka, topic, settings, log)
  const consumer: PingConsumer = new PingConsumer({
    kafka,
    topic,
    groupId,
    topicSettings: settings,
    flusher,
    deadLetters,
    log,
    metrics,
    maxOpenRecords,
    openRecords: () => lanes.size(),
    ready: reconciler.firstTick,
  })

  const status = await startStatusServer({
    port: settings.port,
    hosts: settings.hosts,
    portSetting: processorSettings.port.env,
    readiness,
    metrics: metrics.registry,
    log,
  })
  reconciler.start()
  consumer.start()
  const audits = startAudits({ cache, pool, lanes, log, metrics, reconciler, intervalMs: settings.auditIntervalMs })
  const watch = watchReadiness(readiness, reconciler)
  log.info({ port: status.port }, 'processor started')
  return {
    port: status.port,
    stop: async () => {
      watch.stop()
      readiness.notReady('stopping')
      await audits.stop()
      await flusher.flush()
      await consumer.stop()
      await flusher.stop()
      await reconciler.stop()
      await deadLetters.stop()
      cache.disconnect()
      await pool.end()
      await status.stop()
    },
  }
}
