import type { Kafka } from 'kafkajs'
import { createKafka } from '../src/kafka/kafka.ts'
import { retrySetUp } from '../src/postgres/retry-set-up.ts'
import { postgresConfig } from '../src/postgres/settings.ts'
import { WriteWatch } from '../src/postgres/write-watch.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { Readiness } from '../src/runtime/readiness.ts'
import type { Running } from '../src/runtime/run-program.ts'
import { wait, within } from '../src/runtime/wait.ts'
import { QueueFullError, UnavailableError } from '../src/transport/errors.ts'
import type { HttpServer } from '../src/transport/http/http-server.ts'
import { watchCallers } from '../src/transport/watch-callers.ts'
import { TopicIntake } from './intake/topic-intake.ts'
import { applyDefaults } from './leases/apply-defaults.ts'
import { LeaseLoop } from './leases/lease-loop.ts'
import { createSemaphoreMetrics, type SemaphoreMetrics } from './metrics.ts'
import { PostgresOutbox } from './relay/postgres-outbox.ts'
import { Publisher } from './relay/publisher.ts'
import { Relay } from './relay/relay.ts'
import { semaphoreRoles } from './roles.ts'
import { startSemaphoreHttp } from './semaphore-http.ts'
import { semaphoreSettings, type SemaphoreSettings } from './settings.ts'
import { StepGate } from './step-gate.ts'
import { StepQueue } from './steps/step-queue.ts'
import { migrate } from './store/migrate.ts'
import { nextDueInMs, waitingResources } from './store/next-due.ts'
import { readOutboxState } from './store/outbox-state.ts'
import { Pool } from './store/pool.ts'
import { StoredReads } from './store/semaphore-reads.ts'
import type { LimitDefaults } from './store/step-columns.ts'

/** Connections for reads: of callers, of the metrics and of the look for leases. */
const READ_CONNECTIONS = 4
const READ_TIMEOUT_MS = 10_000
/** Of the queue's length: the rest is for callers. */
const INTAKE_SHARE = 0.5
const PART_STOP_MS = 5_000
/** Maximum duration of the stop after `notReadyMs` and `drainMs`: intake, leases, steps and relay, one after the other. */
export const STOP_PARTS_MS = 5 * PART_STOP_MS

const CHECK_WITHIN_MS = 1_000
const SAYS = {
  ready: 'ready: commands are accepted',
  down: 'Postgres does not answer or is not accepting writes: steps wait, and calls are refused when they wait too long',
}

interface Parts {
  readonly pool: Pool
  readonly reads: StoredReads
  readonly queue: StepQueue
  readonly gate: StepGate
  readonly relay: Relay
  readonly leases: LeaseLoop
  readonly intake: TopicIntake
}

/**
 * Starts an instance of the semaphore. The port opens at once, so that probes get answers. Then the database is set up, which waits for
 * Postgres as long as it takes. Kafka may be down: commands are accepted, and their grants wait in the outbox.
 */
export async function startSemaphore(settings: SemaphoreSettings, log: Logger, signal: AbortSignal): Promise<Running> {
  const metrics = createSemaphoreMetrics()
  const callers = watchCallers(settings, { log, metrics, roles: semaphoreRoles })
  const isSetUp = Promise.withResolvers<void>()
  const parts = createParts(settings, log, metrics, isSetUp.promise)
  const readiness = new Readiness('waiting for Postgres')
  const watch = new WriteWatch({ readiness, canWrite: () => canWrite(parts.queue), says: SAYS, metrics, log })
  let http: HttpServer | undefined
  const stop = async (): Promise<void> => {
    readiness.notReady('stopping')
    await watch.stop()
    if (http !== undefined) await stopHttp(http, settings, log)
    callers.stop()
    await stopParts(parts, log)
  }
  try {
    http = await startSemaphoreHttp({
      ...httpOptions(settings),
      tls: callers.tls,
      access: callers.access,
      steps: parts.gate,
      reads: parts.reads,
      readiness,
      metrics,
      log,
    })
    log.info({ port: http.port }, `listening on port ${http.port}`)
    await retrySetUp(() => migrate(postgresConfig(settings), { log, signal }), { log, signal })
  } catch (error) {
    await stop()
    throw error
  }
  isSetUp.resolve()
  startParts(parts)
  watch.start()
  return { stop }
}

function canWrite(queue: StepQueue): Promise<boolean> {
  return within(CHECK_WITHIN_MS, 'Postgres does not answer', queue.isReady()).catch(() => false)
}

/** Each part gets only parts that were created before it. */
function createParts(settings: SemaphoreSettings, log: Logger, metrics: SemaphoreMetrics, ready: Promise<void>): Parts {
  const postgres = postgresConfig(settings)
  const pool = new Pool(postgres, {
    applicationName: 'semaphore-reads',
    max: READ_CONNECTIONS,
    log,
    queryTimeoutMs: READ_TIMEOUT_MS,
  })
  const kafka = createKafka(settings, 'semaphore', log)
  const relay = createRelay(settings, kafka, log, metrics)
  const defaults = defaultLimits(settings)
  const queue: StepQueue = new StepQueue({
    ...settings,
    postgres,
    log,
    metrics,
    defaults,
    graceMs: settings.leaseGraceMs,
    maxPayloadBytes: settings.maxCommandBytes,
    onApplied: handOvers => {
      relay.offer(handOvers)
      leases.wake()
    },
  })
  const leases = createLeaseLoop(settings, pool, queue, log)
  const reads = new StoredReads(pool, defaults)
  metrics.watchState(
    () => reads.totals(),
    () => readOutboxState(pool),
  )
  const gate = new StepGate(queue, metrics)
  const maxOpen = Math.floor(settings.maxQueueLength * INTAKE_SHARE)
  const onRefused = () => relay.wake()
  const ofIntake = { kafka, db: pool, steps: gate, isRetried, onRefused, topicSettings: settings, maxOpen, ready, log, metrics }
  const intake = new TopicIntake({ ...settings, ...ofIntake })
  return { pool, reads, queue, gate, relay, leases, intake }
}

function defaultLimits({ runningLimit, waitingLimit, leaseMs, ageingMs }: SemaphoreSettings): LimitDefaults {
  return { running: runningLimit, waiting: waitingLimit, leaseMs, ageingMs }
}

function createRelay(settings: SemaphoreSettings, kafka: Kafka, log: Logger, metrics: SemaphoreMetrics): Relay {
  const { actionableTopic, outcomeTopic, relayPollMs: pollMs } = settings
  const postgres = postgresConfig(settings)
  return new Relay({
    openOutbox: onAnnounced => PostgresOutbox.open(postgres, { actionable: actionableTopic, outcomes: outcomeTopic }, onAnnounced),
    publisher: new Publisher(kafka, [actionableTopic, outcomeTopic], settings),
    log,
    metrics,
    pollMs,
  })
}

function createLeaseLoop({ leaseGraceMs, leaseTickMs: tickMs }: SemaphoreSettings, pool: Pool, queue: StepQueue, log: Logger): LeaseLoop {
  const page = (after: string, limit: number) => waitingResources(pool, after, limit)
  const touch = (resources: readonly string[]) => queue.touch(resources)
  return new LeaseLoop({
    applyDefaults: signal => applyDefaults({ page, touch, signal }),
    nextDueInMs: () => nextDueInMs(pool, leaseGraceMs),
    tick: () => queue.tick(),
    tickMs,
    log,
  })
}

/** True if the same step may succeed later. */
function isRetried(error: unknown): boolean {
  return error instanceof QueueFullError || error instanceof UnavailableError
}

function httpOptions({ port, hosts, corsOrigins, leanHttp, maxCommandBytes }: SemaphoreSettings) {
  return { port, hosts, portSetting: semaphoreSettings.port.env, allowedOrigins: corsOrigins, lean: leanHttp, maxCommandBytes }
}

function startParts({ gate, relay, leases, intake }: Parts): void {
  gate.open()
  relay.start()
  leases.start()
  intake.start()
}

async function stopHttp(http: HttpServer, { notReadyMs, drainMs }: SemaphoreSettings, log: Logger): Promise<void> {
  await wait(notReadyMs)
  const cutOff = await http.stop(drainMs)
  if (cutOff > 0) log.warn({ requests: cutOff }, `requests still in flight after ${drainMs} ms were cut off`)
}

/** What was read is still applied, and what was applied is still published. */
async function stopParts({ pool, queue, relay, leases, intake }: Parts, log: Logger): Promise<void> {
  await stopPart('intake', intake.stop(), log)
  await stopPart('leases', leases.stop(), log)
  await stopPart('steps', queue.stop(), log)
  await stopPart('relay', relay.stop(), log)
  await stopPart('pool', pool.end(), log)
}

async function stopPart(name: string, stopped: Promise<void>, log: Logger): Promise<void> {
  await within(PART_STOP_MS, `not stopped after ${PART_STOP_MS} ms`, stopped).catch((err: unknown) =>
    log.warn({ err }, `${name}: did not stop cleanly`),
  )
}
