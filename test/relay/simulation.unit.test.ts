import { describe, expect, test } from 'vitest'
import type { PingEvent } from '../../src/events/event.ts'
import { MAX_QUEUED } from '../../src/relay/held-lanes.ts'
import { settled } from '../processor/simulation/virtual-time.ts'
import { atDepth } from '../support/depth.ts'
import { seededRandom } from '../support/random.ts'
import { SimulatedPostgres } from './simulation/postgres.ts'
import { ROUNDS, SimulatedRelay, type Round } from './simulation/relay.ts'
import { simulateRelay, WEATHERS } from './simulation/simulation.ts'

/** More of them, or others: PING_SIMULATIONS=20000 PING_SEED=7 npx vitest run test/relay/simulation */
const RUNS = Number(process.env['PING_SIMULATIONS'] ?? atDepth({ normally: 100, thoroughly: 300 }))
const SEED = Number(process.env['PING_SEED'] ?? Date.now() % 1e9)

test(
  `no matter what fails and in which order, the topic gets every row and the rollup counts each row once (${RUNS} runs from seed ${SEED})`,
  { timeout: 60_000 + RUNS * 100 },
  async () => {
    for (let seed = SEED; seed < SEED + RUNS; seed++)
      expect(await simulateRelay(seed, WEATHERS[seed % WEATHERS.length]!), `seed ${seed}`).toBeUndefined()
  },
)

describe('a relay', () => {
  const start = () => {
    const postgres = new SimulatedPostgres(4, seededRandom(1))
    const topic: PingEvent[] = []
    const relay = new SimulatedRelay(postgres, topic)
    const run = async (rounds: readonly Round[], kafka: 'answered' | 'request lost' = 'answered') => {
      for (const round of rounds) {
        relay.begin(round)
        for (await settled(); !relay.isAtRest; await settled()) {
          if (relay.statements.waiting.length > 0) relay.statements.take(0, 'answered')
          if (relay.sends.waiting.length > 0) relay.sends.take(0, kafka)
        }
      }
    }
    const record = (batches: number, pings: number) => {
      for (let n = 0; n < batches; n++) relay.offer(postgres.record(n % 4, pings))
    }
    return { postgres, topic, relay, run, record }
  }

  test('keeps a limited number of events while Kafka is down, continues to fold, and publishes all when Kafka recovers', async () => {
    const { postgres, topic, relay, run, record } = start()
    await run(ROUNDS)
    for (let n = 0; n < 40; n++) {
      record(4, 250)
      expect(relay.held.queued).toBeLessThanOrEqual(MAX_QUEUED)
      await run(['look', 'publish', 'fold'], 'request lost')
      expect(relay.held.queued).toBeLessThanOrEqual(MAX_QUEUED)
    }
    await run(['fold', 'fold', 'fold'])
    expect(relay.held.queued).toBe(MAX_QUEUED)
    expect(postgres.lanes.map(({ folded, published }) => [folded.seq, published.seq])).toEqual(
      Array.from({ length: 4 }, () => [10_000n, 0n]),
    )
    for (let n = 0; n < 15; n++) await run(ROUNDS)
    expect(topic).toHaveLength(40_000)
    expect(postgres.lanes.map(({ published }) => published.seq)).toEqual(Array.from({ length: 4 }, () => 10_000n))
    expect(postgres.fault).toBeUndefined()
    postgres.asked.clear()
    record(8, 50)
    await run(ROUNDS)
    expect([postgres.asked.get('ping_fold_counts'), postgres.asked.get('ping_fold')]).toEqual([1, undefined]) // it counts itself again
  })

  test('reads no row that was handed over, and queries only heads and positions when idle', async () => {
    const { postgres, topic, run, record } = start()
    await run(ROUNDS)
    await run(ROUNDS)
    postgres.asked.clear()
    for (let n = 0; n < 20; n++) {
      record(8, 50)
      await run(['look', 'publish', 'move', 'fold'])
    }
    expect([topic.length, Object.fromEntries(postgres.asked)]).toEqual([
      8_000,
      { ping_changed_heads: 20, ping_move_published: 20, ping_fold_counts: 20 },
    ])
    postgres.asked.clear()
    for (let n = 0; n < 20; n++) await run(ROUNDS)
    expect(Object.fromEntries(postgres.asked)).toEqual({ 'select lane,': 20, ping_changed_heads: 20 })
  })
})
