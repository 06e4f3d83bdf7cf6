import { createCache, type Cache } from '../counters/connect.ts'
import { redisOptions } from '../counters/settings.ts'
import { createKafka } from '../kafka/kafka.ts'
import { Pool } from '../ledger/pool.ts'
import { postgresConfig } from '../postgres/settings.ts'
import { WriteWatch } from '../postgres/write-watch.ts'
import { Publisher } from '../relay/publisher.ts'
import { Relay } from '../relay/relay.ts'
import type { Logger } from '../runtime/logger.ts'
import { Readiness } from '../runtime/readiness.ts'
import type { Running } from '../runtime/run-program.ts'
import { wait, within } from '../runtime/wait.ts'
import { SERVICES } from '../tracing/names.ts'
import { startTracing } from '../tracing/start-tracing.ts'
import type { Tracing } from '../tracing/tracing.ts'
import type { HttpServer } from '../transport/http/http-server.ts'
import { watchCallers } from '../transport/watch-callers.ts'
import { BucketReader } from './buckets/bucket-reader.ts'
import { CountReader } from './count-reader/count-reader.ts'
import { createServerMetrics, type ServerMetrics } from './metrics.ts'
import { PageStates } from './page/page-states.ts'
import { startPingHttp, type PingHttp } from './ping-http.ts'
import { Recorder } from './recorder/recorder.ts'
import { StartGate } from './recorder/start-gate.ts'
import { pingRoles } from './roles.ts'
import { setUpDatabase } from './set-up-database.ts'
import { serverSettings, type ServerSettings } from './settings.ts'

/** Connections for counts. Totals share a look-up, ranges do not. */
const READ_CONNECTIONS = 8
const READ_TIMEOUT_MS = 10_000
/** After this long a command to the cache times out; reads time out sooner. */
const CACHE_COMMAND_TIMEOUT_MS = 1_000
/** For each part of the server other than the port, once no request is in flight. */
const PART_STOP_MS = 5_000
/** Maximum duration of the stop after `notReadyMs` and `drainMs`: recorder, relay, pool and the last spans, one after the other. */
export const STOP_PARTS_MS = 4 * PART_STOP_MS

const SAYS = {
  ready: 'ready: pings can be recorded',
  down: 'Postgres does not answer or is not accepting writes: pings wait, and new ones are refused when the queue is full',
}

interface Parts {
  readonly pool: Pool
  readonly cache: Cache
  readonly recorder: Recorder
  /** How many batches the recorder has recorded. */
  readonly recordedBatches: () => number
  readonly relay: Relay
  readonly reader: CountReader
  readonly buckets: BucketReader
}

/**
 * Starts the server. The port opens at once, so that probes get answers. Then the database is set up, which waits for Postgres as
 * long as it takes. Then recording and the relay start. Kafka and the cache may be down.
 */
export async function startServer(settings: ServerSettings, log: Logger, signal: AbortSignal): Promise<Running> {
  const postgres = postgresConfig(settings)
  const tracing = await startTracing(settings, { service: SERVICES.server, log })
  const metrics = createServerMetrics()
  const callers = watchCallers(settings, { log, metrics, roles: pingRoles })
  const parts = createParts(settings, { log, metrics, tracing })
  const readiness = new Readiness('waiting for Postgres')
  const gate = new StartGate(parts.recorder)
  const watch = new WriteWatch({ readiness, canWrite: () => parts.recorder.isReady(), says: SAYS, metrics, log })
  let http: PingHttp | undefined
  const stop = async (): Promise<void> => {
    readiness.notReady('stopping')
    await watch.stop()
    if (http !== undefined) await stopHttp(http, settings, log)
    callers.stop()
    await stopParts(parts, log)
    await tracing?.stop()
  }
  try {
    http = await startPingHttp({
      ...httpOptions(settings),
      tls: callers.tls,
      access: callers.access,
      recorder: gate,
      reader: parts.reader,
      buckets: parts.buckets,
      pageStates: settings.livePage ? createPageStates(parts, watch) : undefined,
      readiness,
      metrics,
      tracing,
      log,
    })
    log.info({ port: http.port }, `listening on port ${http.port}`)
    await setUpDatabase(postgres, { lanes: settings.lanes, log, signal })
  } catch (error) {
    await stop()
    throw error
  }
  gate.open()
  parts.relay.start()
  watch.start()
  void warmWhenReady(http, readiness, { log, signal })
  return { stop }
}

/** Prepares the live page, once that delays no start. */
async function warmWhenReady(http: PingHttp, readiness: Readiness, { log, signal }: { log: Logger; signal: AbortSignal }): Promise<void> {
  while (!readiness.isReady && !signal.aborted) await readiness.change(signal)
  if (!signal.aborted) await http.warm().catch((err: unknown) => log.warn({ err }, 'could not prepare the live page'))
}

/** What every part may report to. */
interface Reports {
  readonly log: Logger
  readonly metrics: ServerMetrics
  readonly tracing: Tracing | undefined
}

function createParts(settings: ServerSettings, { log, metrics, tracing }: Reports): Parts {
  const { maxBatchSize, maxQueueLength, maxQueueAgeMs, answerWithinMs, relayLingerMs: lingerMs, relayPollMs: pollMs } = settings
  const postgres = postgresConfig(settings)
  const pool = new Pool(postgres, { applicationName: 'ping-counts', max: READ_CONNECTIONS, log, queryTimeoutMs: READ_TIMEOUT_MS })
  const cache = createCache(redisOptions(settings), { log, commandTimeoutMs: CACHE_COMMAND_TIMEOUT_MS })
  const publisher = new Publisher(createKafka(settings, 'ping-server', log), settings.kafkaTopic, settings, tracing)
  const relay = new Relay({ postgres, publisher, log, metrics, lingerMs, pollMs })
  let recordedBatches = 0
  const recorder = new Recorder({
    postgres,
    log,
    metrics,
    maxBatchSize,
    maxQueueLength,
    maxQueueAgeMs,
    answerWithinMs,
    preferredLanes: () => relay.lanes,
    onRecorded(batch) {
      recordedBatches++
      relay.offer(batch)
    },
  })
  const reader = new CountReader({ pool, cache, log, metrics, lanes: settings.lanes })
  return {
    pool,
    cache,
    recorder,
    recordedBatches: () => recordedBatches,
    relay,
    reader,
    buckets: new BucketReader({ pool, metrics, cachedMinutes: range => reader.cachedMinutes(range) }),
  }
}

function createPageStates({ reader, relay, recordedBatches }: Parts, watch: WriteWatch): PageStates {
  return new PageStates({ reader, recordedBatches, canWrite: () => watch.could, kafkaRefusedSinceMs: () => relay.refusedSinceMs })
}

function httpOptions({ port, hosts, maxBodyBytes, maxBatchBodyBytes, corsOrigins, leanHttp }: ServerSettings) {
  return { port, hosts, portSetting: serverSettings.port.env, maxBodyBytes, maxBatchBodyBytes, allowedOrigins: corsOrigins, lean: leanHttp }
}

async function stopHttp(http: HttpServer, { notReadyMs, drainMs }: ServerSettings, log: Logger): Promise<void> {
  await wait(notReadyMs)
  const cutOff = await http.stop(drainMs)
  if (cutOff > 0) log.warn({ requests: cutOff }, `requests still in flight after ${drainMs} ms were cut off`)
}

/** Stops the recorder first and the connections last: accepted pings are still recorded, and recorded pings still published. */
async function stopParts({ recorder, relay, pool, cache }: Parts, log: Logger): Promise<void> {
  await stopPart('recorder', recorder.stop(), log)
  await stopPart('relay', relay.stop(), log)
  await stopPart('pool', pool.end(), log)
  cache.disconnect()
}

async function stopPart(name: string, stopped: Promise<void>, log: Logger): Promise<void> {
  await within(PART_STOP_MS, `not stopped after ${PART_STOP_MS} ms`, stopped).catch((err: unknown) =>
    log.warn({ err }, `${name}: did not stop cleanly`),
  )
}
