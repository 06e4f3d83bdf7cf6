import { performance } from 'node:perf_hooks'
import type { Bench } from '../bench.ts'
import { countRows } from '../contenders/start-plain.ts'
import { cpuBetween, readCpu, type CpuSeconds } from '../measuring/cpu.ts'
import { readMetric } from '../measuring/read-metric.ts'
import { rssMb } from '../measuring/rss-mb.ts'
import { createDatabase, type Database } from '../parts/databases.ts'
import { startProcessor, startServer, type PingPlace } from '../ping/ping-programs.ts'
import { watchPing, type PingState } from '../ping/ping-state.ts'
import { whole } from '../table.ts'

/** How fast the processor counts a full topic. */
export interface ProcessorSpeed {
  readonly events: number
  /** From the first events counted to the last. */
  readonly eventsPerSecond: number
  /** From the start of its process to the last event. */
  readonly sinceStartMs: number
  readonly fromKafka: number
  /** Counted from Postgres instead; the speed is Kafka's only if this is 0. */
  readonly byCatchUp: number
  readonly cpuUsPerEvent: CpuSeconds | undefined
  /** Its memory after the last event; undefined without /proc. */
  readonly memoryMb: number | undefined
  /** From the start of its process until it is ready, with an empty topic. */
  readonly readyMs: number
  /** The rate of the relay for the same rows before: from Postgres to the topic. */
  readonly relayRowsPerSecond: number
}

/** Pings that one batch would have recorded together, so that they share a tag. */
const ROWS_PER_TAG = 500

/**
 * Fills the ledger, lets the relay publish all of it, and only then starts the processor. Its ticks are delayed: otherwise
 * it would rightly find that it lags, and catch up from Postgres, so that the way through Kafka would not be measured.
 */
export async function measureProcessor(bench: Bench, cacheDb: number): Promise<ProcessorSpeed> {
  const { processorEvents: events } = bench.options
  const place: PingPlace = { name: 'ping_full', cacheDb, database: await createDatabase(bench.parts, 'ping_full') }
  const server = await startServer(bench, place)
  const state = await watchPing(bench, place)
  try {
    await fillCacheWithNothing(bench, place, state)
    const readyMs = await startOnce(bench, place)
    bench.progress(`filling the topic with ${whole(events)} pings`)
    await fillLedger(place.database, events)
    const filledMs = performance.now()
    await state.until(progress => progress.published === events)
    const relayRowsPerSecond = (events / (performance.now() - filledMs)) * 1000
    await server.stop()
    const speed = { ...(await measureDrain(bench, place, state)), relayRowsPerSecond, readyMs }
    const rows = await countRows(place.database)
    const { counted } = await state.read()
    if (rows !== events || counted !== events || speed.byCatchUp > 0)
      bench.complain(
        `processor: expected ${events} events, rows and counted, all from Kafka; got ${rows} rows, ${counted} counted, ${speed.byCatchUp} by catch-up`,
      )
    bench.progress(`processor: ${whole(speed.eventsPerSecond)} events/s, ${whole(speed.byCatchUp)} by catch-up`)
    return speed
  } finally {
    await server.stop()
    await state.close()
    await place.database.drop()
  }
}

/** A cache that was never filled would be rebuilt from Postgres, so that nothing would be left to count from the topic. */
async function fillCacheWithNothing(bench: Bench, place: PingPlace, state: PingState): Promise<void> {
  const processor = await startProcessor(bench, place)
  await state.until(progress => progress.hasCache)
  await processor.stop()
}

async function startOnce(bench: Bench, place: PingPlace): Promise<number> {
  const startMs = performance.now()
  const processor = await startProcessor(bench, place)
  const readyMs = performance.now() - startMs
  await processor.stop()
  return readyMs
}

async function fillLedger(database: Database, events: number): Promise<void> {
  // The trigger refuses rows that already have a place.
  await database.query(
    `begin; alter table pings disable trigger ping_place_row;
    with lanes as (select count(*)::int as lanes from ping_lanes),
    rows as (select n, n % lanes as lane, n / lanes + 1 as seq from generate_series(0, ${events} - 1) as n, lanes),
    tags as (select lane, seq / ${ROWS_PER_TAG} as batch, ping_new_tag() as tag from rows group by 1, 2)
    insert into pings (id, pinged_at, lane, seq, tag)
      select uuidv7(), now() - make_interval(secs => n % 600), lane, seq, tag
      from rows join tags using (lane) where batch = seq / ${ROWS_PER_TAG};
    alter table pings enable trigger ping_place_row; commit`,
  )
  await database.query('analyze pings')
}

async function measureDrain(
  bench: Bench,
  place: PingPlace,
  state: PingState,
): Promise<Omit<ProcessorSpeed, 'relayRowsPerSecond' | 'readyMs'>> {
  const { processorEvents: events } = bench.options
  const { kafka, cache, postgres } = bench.parts
  const startMs = performance.now()
  const before = readCpu({ kafka: kafka.pid, cache: cache.pid, postgres: postgres.pid })
  const processor = await startProcessor(bench, place, TICKS_PUT_OFF)
  try {
    let first: Seen | undefined
    const last = await state.until(progress => {
      if (progress.counted > 0) first ??= { counted: progress.counted, atMs: performance.now() }
      return progress.counted >= events
    })
    const endMs = performance.now()
    const after = readCpu({ kafka: kafka.pid, cache: cache.pid, postgres: postgres.pid, processor: processor.pid })
    const metrics = await (await fetch(`http://127.0.0.1:${processor.port}/metrics`)).text()
    const memoryMb = rssMb(processor.pid)
    const cpu = before && after && cpuBetween(before, after)
    return {
      events,
      eventsPerSecond: first ? ((last.counted - first.counted) / (endMs - first.atMs)) * 1000 : NaN,
      sinceStartMs: endMs - startMs,
      fromKafka: readMetric(metrics, 'ping_processor_applied_total'),
      byCatchUp: readMetric(metrics, 'ping_processor_caught_up_total'),
      memoryMb,
      cpuUsPerEvent: cpu && Object.fromEntries(Object.entries(cpu).map(([name, seconds]) => [name, (seconds * 1e6) / events])),
    }
  } finally {
    await processor.stop()
  }
}

/** The first tick comes at once and reads where the cache is; the next one would catch up. */
const TICKS_PUT_OFF = { TICK_INTERVAL_MS: '60000' }

interface Seen {
  readonly counted: number
  readonly atMs: number
}
