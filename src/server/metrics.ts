import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { PostgresMetrics } from '../postgres/write-watch.ts'
import type { RelayMetrics } from '../relay/relay-options.ts'
import { createRegistry } from '../runtime/metrics-registry.ts'
import type { EventStreamMetrics } from '../transport/http/event-stream/event-stream.ts'
import { callMetrics, SECONDS } from '../transport/rpc/call-metrics.ts'
import type { CallMetrics } from '../transport/rpc/measure-calls.ts'
import { tlsMetrics, type TlsMetrics } from '../transport/tls/tls-metrics.ts'
import type { CountReaderMetrics } from './count-reader/count-reader-metrics.ts'
import type { RecorderMetrics } from './recorder/recorder-metrics.ts'

/** All metrics of a server, in its own registry. Each room declares those that it needs; this object has them all. */
export interface ServerMetrics
  extends RecorderMetrics, RelayMetrics, CountReaderMetrics, CallMetrics, TlsMetrics, PostgresMetrics, EventStreamMetrics {
  readonly registry: Registry
}

const BATCH_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]

export function createServerMetrics(): ServerMetrics {
  const registry = createRegistry()
  return {
    registry,
    ...postgresMetrics(registry),
    ...recorderMetrics(registry),
    ...relayMetrics(registry),
    ...countReaderMetrics(registry),
    ...pageMetrics(registry),
    ...callMetrics(registry, 'ping'),
    ...tlsMetrics(registry, 'ping'),
  }
}

function postgresMetrics(registry: Registry): PostgresMetrics {
  const up = new Gauge({
    name: 'ping_postgres_up',
    help: '1 if a ping could be recorded at the last check, 0 if not',
    registers: [registry],
  })
  return { postgresUp: isUp => up.set(isUp ? 1 : 0) }
}

function recorderMetrics(registry: Registry): RecorderMetrics {
  const registers = [registry]
  const acked = new Counter({ name: 'ping_acked_total', help: 'Pings committed and acknowledged, retries included', registers })
  const known = new Counter({ name: 'ping_known_total', help: 'Pings whose id was already recorded', registers })
  const sizes = new Histogram({ name: 'ping_batch_pings', help: 'Pings in a batch', buckets: BATCH_SIZES, registers })
  const seconds = new Histogram({ name: 'ping_batch_seconds', help: 'Time to commit a batch, in seconds', buckets: SECONDS, registers })
  const retried = new Counter({ name: 'ping_batch_retries_total', help: 'Retries of a batch', registers })
  const refused = new Counter({
    name: 'ping_queue_refused_total',
    help: 'Pings refused because the queue was full or its oldest ping too old',
    registers,
  })
  return {
    batchRecorded(batch) {
      acked.inc(batch.acked)
      known.inc(batch.pings - batch.inserted)
      sizes.observe(batch.pings)
      seconds.observe(batch.seconds)
    },
    batchRetried: () => retried.inc(),
    queueRefused: () => refused.inc(),
    watchQueue: read => watched({ name: 'ping_queue_pings', help: 'Pings waiting to be recorded', read, registry }),
  }
}

function relayMetrics(registry: Registry): RelayMetrics {
  const registers = [registry]
  const labelNames = ['lane']
  const published = new Counter({ name: 'ping_relay_published_total', help: 'Rows that Kafka acknowledged', labelNames, registers })
  const publishLag = new Gauge({ name: 'ping_relay_lag_pings', help: 'Rows not yet published', labelNames, registers })
  const foldLag = new Gauge({ name: 'ping_fold_lag_pings', help: 'Rows not yet folded into the rollup', labelNames, registers })
  const held = new Gauge({ name: 'ping_relay_lanes', help: 'Lanes that this server relays', registers })
  const retried = new Counter({
    name: 'ping_relay_retries_total',
    help: 'Retries of a send to Kafka or of the move of a position',
    registers,
  })
  return {
    published: (lane, rows) => published.inc({ lane }, rows),
    publishLag: (lane, rows) => publishLag.set({ lane }, rows),
    foldLag: (lane, rows) => foldLag.set({ lane }, rows),
    lanesHeld(lanes) {
      held.set(lanes)
      if (lanes > 0) return
      publishLag.reset() // another server reports the figures of these lanes
      foldLag.reset()
    },
    relayRetried: () => retried.inc(),
  }
}

function countReaderMetrics(registry: Registry): CountReaderMetrics {
  const registers = [registry]
  const counts = new Counter({ name: 'ping_counts_total', help: 'Counts answered, by source', labelNames: ['source'], registers })
  const passed = new Counter({
    name: 'ping_cache_passed_over_total',
    help: 'Reads of the cache that could not be used, by reason',
    labelNames: ['reason'],
    registers,
  })
  const answered = { cache: counts.labels('cache'), database: counts.labels('database') }
  return {
    countAnswered: source => answered[source].inc(),
    cacheNotUsed: reason => passed.inc({ reason }),
  }
}

function pageMetrics(registry: Registry): EventStreamMetrics {
  const registers = [registry]
  const viewers = new Gauge({ name: 'ping_page_viewers', help: 'Browsers that get the events of the live page', registers })
  const refused = new Counter({
    name: 'ping_page_viewers_refused_total',
    help: 'Viewers of the live page that have to poll, because there were too many',
    registers,
  })
  return { readers: open => viewers.set(open), readerRefused: () => refused.inc() }
}

function watched(gauge: { name: string; help: string; read: () => number; registry: Registry }): void {
  const { name, help, read, registry } = gauge
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}
