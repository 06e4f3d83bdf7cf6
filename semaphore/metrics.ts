import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { createRegistry } from '../src/runtime/metrics-registry.ts'
import { callMetrics, SECONDS } from '../src/transport/rpc/call-metrics.ts'
import type { CallMetrics } from '../src/transport/rpc/measure-calls.ts'
import { tlsMetrics, type TlsMetrics } from '../src/transport/tls/tls-metrics.ts'
import type { IntakeMetrics } from './intake/intake.ts'
import type { RelayMetrics } from './relay/relay-options.ts'
import type { StepMetrics } from './steps/step-metrics.ts'
import type { OutboxState } from './store/outbox-state.ts'
import type { Totals } from './terms/reads.ts'
import type { Outcome, Step } from './terms/step.ts'

export interface StepOutcomeMetrics {
  /** A step was committed. */
  stepTaken(kind: Step['kind'], outcome: Outcome['outcome']): void
}

/** What Postgres knows, for all instances together. */
export interface StateMetrics {
  postgresUp(up: boolean): void
  /** Sets what reads the state of all commands. It is called whenever the metrics are read; while it rejects, the metrics have no values. */
  watchState(totals: () => Promise<Totals>, outbox: () => Promise<OutboxState>): void
}

/** All metrics of an instance. No label has more values than the code: no resource, no command. */
export interface SemaphoreMetrics
  extends StepMetrics, StepOutcomeMetrics, StateMetrics, IntakeMetrics, RelayMetrics, CallMetrics, TlsMetrics {
  readonly registry: Registry
}

const PREFIX = 'semaphore'
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]

export function createSemaphoreMetrics(): SemaphoreMetrics {
  const registry = createRegistry()
  return {
    registry,
    ...stepMetrics(registry),
    ...stateMetrics(registry),
    ...intakeMetrics(registry),
    ...relayMetrics(registry),
    ...callMetrics(registry, PREFIX),
    ...tlsMetrics(registry, PREFIX),
  }
}

function stepMetrics(registry: Registry): StepMetrics & StepOutcomeMetrics {
  const registers = [registry]
  const sizes = new Histogram({ name: 'semaphore_batch_steps', help: 'Steps in a batch', buckets: SIZES, registers })
  const seconds = new Histogram({
    name: 'semaphore_batch_seconds',
    help: 'Time to commit a batch, in seconds',
    buckets: SECONDS,
    registers,
  })
  const grants = new Counter({ name: 'semaphore_grants_total', help: 'Commands granted by batches of this instance', registers })
  const retried = new Counter({ name: 'semaphore_batch_retries_total', help: 'Retries of a batch', registers })
  const refused = new Counter({
    name: 'semaphore_steps_refused_total',
    help: 'Steps refused because too many waited, or the oldest for too long',
    registers,
  })
  const steps = new Counter({
    name: 'semaphore_steps_total',
    help: 'Steps committed, by kind and outcome',
    labelNames: ['kind', 'outcome'],
    registers,
  })
  return {
    batchApplied(batch) {
      sizes.observe(batch.steps)
      seconds.observe(batch.seconds)
      grants.inc(batch.grants)
    },
    batchRetried: () => retried.inc(),
    stepRefused: () => refused.inc(),
    watchSteps(read) {
      const help = 'Steps whose outcome is not known yet'
      new Gauge({ name: 'semaphore_open_steps', help, registers, collect: gaugeOf(read) })
    },
    stepTaken: (kind, outcome) => steps.inc({ kind, outcome }),
  }
}

function stateMetrics(registry: Registry): StateMetrics {
  const registers = [registry]
  const up = new Gauge({ name: 'semaphore_postgres_up', help: '1 if Postgres answered at the last check, 0 if not', registers })
  return {
    postgresUp: isUp => up.set(isUp ? 1 : 0),
    watchState(readTotals, readOutbox) {
      new Gauge({
        name: 'semaphore_commands',
        help: 'Commands of all resources, by state; of the final states, all that there ever were',
        labelNames: ['state'],
        registers,
        async collect() {
          this.reset()
          const totals = await readTotals().catch(() => undefined)
          if (totals === undefined) return
          for (const state of ['waiting', 'running', 'finished', 'cancelled', 'expired'] as const)
            this.set({ state }, Number(totals[state]))
        },
      })
      const age = new Gauge({ name: 'semaphore_outbox_age_seconds', help: 'Age of the oldest record that is not yet in Kafka', registers })
      new Gauge({
        name: 'semaphore_outbox_records',
        help: 'Grants and outcomes that are committed but not yet known to be in Kafka',
        registers,
        async collect() {
          const state = await readOutbox().catch(() => undefined)
          this.set(state === undefined ? NaN : Number(state.records))
          age.set(state === undefined ? NaN : state.ageSeconds)
        },
      })
    },
  }
}

function intakeMetrics(registry: Registry): IntakeMetrics {
  const records = new Counter({
    name: 'semaphore_records_total',
    help: 'Records read, by topic and by what was done with them; malformed ones are in the dead letters',
    labelNames: ['topic', 'verdict'],
    registers: [registry],
  })
  return { recordTaken: (topic, verdict) => records.inc({ topic, verdict }) }
}

function relayMetrics(registry: Registry): RelayMetrics {
  const registers = [registry]
  const sizes = new Histogram({ name: 'semaphore_relay_send_records', help: 'Records in one send to Kafka', buckets: SIZES, registers })
  const seconds = new Histogram({ name: 'semaphore_relay_send_seconds', help: 'Duration of a send to Kafka', buckets: SECONDS, registers })
  const held = new Gauge({ name: 'semaphore_relay_lanes', help: 'Lanes that this instance relays', registers })
  const retried = new Counter({
    name: 'semaphore_relay_retries_total',
    help: 'Retries of a send to Kafka or of the move of a position',
    registers,
  })
  return {
    sent(records, took) {
      sizes.observe(records)
      seconds.observe(took)
    },
    lanesHeld: lanes => held.set(lanes),
    relayRetried: () => retried.inc(),
  }
}

function gaugeOf(read: () => number) {
  return function (this: Gauge): void {
    this.set(read())
  }
}
