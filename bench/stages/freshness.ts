import { performance } from 'node:perf_hooks'
import { wait } from '../../src/runtime/wait.ts'
import type { Bench } from '../bench.ts'
import { startPing, type PingContender } from '../contenders/start-ping.ts'
import { HttpConnection } from '../load/http-connection.ts'
import { percentile } from '../measuring/statistics.ts'
import type { PingState } from '../ping/ping-state.ts'
import { whole } from '../table.ts'
import { CountWatch } from './count-watch.ts'
import { pingRequest } from './pings.ts'

/** The time from a ping's answer until the cached count included it. */
export interface Freshness {
  readonly traffic: Traffic
  readonly samples: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** The share of reads of the count that were answered from the cache, 0 … 1; the others came from Postgres. */
  readonly fromCache: number
}

/** Idle: one ping after quiet seconds. Trickle: about twenty per second. Load: as many as 64 connections can send. */
export type Traffic = 'idle' | 'trickle' | 'load'

interface Sampling {
  /** Minimum and maximum pause between two samples, so that they fall anywhere between ticks. */
  readonly pauseMs: readonly [number, number]
  readonly forMs: number
  /** Whether the next sample waits until the last was counted. */
  readonly oneByOne: boolean
}

const IDLE: Sampling = { pauseMs: [1_100, 1_700], forMs: 22_000, oneByOne: true }
const BUSY: Sampling = { pauseMs: [20, 80], forMs: 10_000, oneByOne: false }
const LOAD_CONNECTIONS = 64

/** Measures how soon the count includes a ping: after quiet seconds, in a trickle, and at full load. */
export async function measureFreshness(bench: Bench, cacheDb: number): Promise<readonly Freshness[]> {
  const contender = await startPing(bench, 'ping_fresh', cacheDb)
  const share = bench.options.freshnessShare
  const request = pingRequest().toString('latin1')
  const load = { port: contender.port, request, connections: LOAD_CONNECTIONS, warmUpMs: 0 }
  try {
    await bench.generator.run({ ...load, measureMs: 1_000 }) // the hot code is compiled
    await contender.settle()
    const idle = await measure(bench, contender, 'idle', { ...IDLE, forMs: IDLE.forMs * share })
    const busy = { ...BUSY, forMs: BUSY.forMs * share }
    const trickle = await measure(bench, contender, 'trickle', busy)
    const [underLoad] = await Promise.all([
      measure(bench, contender, 'load', busy),
      bench.generator.run({ ...load, measureMs: busy.forMs + 1_500 }), // a little longer, so that the last samples are also under load
    ])
    await contender.settle()
    return [idle, trickle, underLoad]
  } finally {
    await contender.stop()
  }
}

async function measure(bench: Bench, { port, state }: PingContender, traffic: Traffic, sampling: Sampling): Promise<Freshness> {
  const [pinger, watch] = [await HttpConnection.open(port), await CountWatch.open(port)]
  const samples = await takeSamples({ pinger, watch, state }, sampling)
  pinger.close()
  watch.close()
  const figures = {
    traffic,
    samples: samples.length,
    p50Ms: percentile(samples, 0.5),
    p99Ms: percentile(samples, 0.99),
    maxMs: percentile(samples, 1),
    fromCache: watch.fromCache,
  }
  bench.progress(`freshness, ${traffic}: ${samples.length} samples, p50 ${whole(figures.p50Ms)} ms, p99 ${whole(figures.p99Ms)} ms`)
  return figures
}

interface Watched {
  readonly pinger: HttpConnection
  readonly watch: CountWatch
  readonly state: PingState
}

async function takeSamples({ pinger, watch, state }: Watched, sampling: Sampling): Promise<readonly number[]> {
  const [shortestMs, longestMs] = sampling.pauseMs
  const samples: Promise<number>[] = []
  const until = performance.now() + sampling.forMs
  do {
    await wait(shortestMs + Math.random() * (longestMs - shortestMs))
    const ping = await pinger.ask(pingRequest())
    if (ping.status !== 200) throw new Error(`Ping: expected 200, got ${ping.status} ${ping.body}`)
    const ackedMs = performance.now()
    // What is recorded now includes the ping and other pings of these few ms, so the figure is never too good. Not asked of
    // the server: a strong count raises its cached counts from then on.
    const { recorded } = await state.read()
    const sample = watch.reach(recorded).then(seenMs => seenMs - ackedMs)
    sample.catch(() => undefined) // it fails where all samples are awaited
    samples.push(sample)
    if (sampling.oneByOne) await sample
  } while (performance.now() < until)
  return Promise.all(samples)
}
