import { describe, expect, test } from 'vitest'
import type { PartName } from '../../../src/server/page/page-state.ts'
import { partsOf, type Signs } from '../../../src/server/page/parts.ts'

const WELL: Signs = {
  postgresSilentMs: 0,
  isLedgerKnown: true,
  canWrite: true,
  cacheSilentMs: 0,
  incompleteMs: 0,
  cacheAgeMs: 300,
  kafkaRefusedMs: 0,
  stuckMs: 0,
  waiting: 0n,
  source: 'cache',
}

const part = (name: PartName, signs: Partial<Signs>): string => {
  const found = partsOf({ ...WELL, ...signs }).find(other => other.name === name)
  return `${found?.state}: ${found?.text}`
}

describe('the parts on the live page', () => {
  test('are all up when nothing is wrong, always in one order', () => {
    expect(partsOf(WELL)).toEqual([
      { name: 'postgres', state: 'up', text: 'Postgres records pings.' },
      { name: 'cache', state: 'up', text: 'The cache is complete.' },
      { name: 'kafka', state: 'up', text: 'Kafka has every ping.' },
      { name: 'processor', state: 'up', text: 'The processor keeps the cache up to date.' },
    ])
  })

  test.each<[string, PartName, Partial<Signs>, string]>([
    ['Postgres is silent for a moment', 'postgres', { postgresSilentMs: 900 }, 'late: Postgres has not answered for 1 s.'],
    [
      'Postgres is unreachable',
      'postgres',
      { postgresSilentMs: 12_000, canWrite: false },
      'down: Postgres has not answered for 12 s: pings wait, and counts get older.',
    ],
    ['only reads of Postgres hang', 'postgres', { postgresSilentMs: 12_000, canWrite: true }, 'late: Postgres has not answered for 12 s.'],
    ['Postgres is a standby', 'postgres', { canWrite: false }, 'down: Postgres answers, but does not accept writes: pings wait.'],
    [
      'the cache is unreachable',
      'cache',
      { cacheSilentMs: 150_000, source: 'database' },
      'down: The cache has not answered for 2 min: counts come from Postgres.',
    ],
    [
      'the cache is silent for a moment',
      'cache',
      { cacheSilentMs: 1_100, source: 'database' },
      'late: The cache has not answered for 1 s: counts come from Postgres.',
    ],
    [
      'cache and Postgres are unreachable, and nothing is proven',
      'cache',
      { cacheSilentMs: 30_000, source: undefined },
      'down: The cache has not answered for 30 s: no count can be proven.',
    ],
    [
      'Postgres was never reachable',
      'cache',
      { cacheSilentMs: 30_000, isLedgerKnown: false },
      'late: Nothing is known of the cache until Postgres has answered.',
    ],
    [
      'the cache was emptied',
      'cache',
      { incompleteMs: 500, source: 'database' },
      'late: The cache is empty or incomplete: counts come from Postgres.',
    ],
    ['pings are on their way', 'kafka', { waiting: 7n, stuckMs: 400 }, 'up: Kafka is getting the last pings.'],
    [
      'Kafka refuses',
      'kafka',
      { kafkaRefusedMs: 5_000, waiting: 1n },
      'down: Kafka has accepted no pings for 5 s: 1 waits in Postgres, and counts include them.',
    ],
    [
      'pings do not reach Kafka',
      'kafka',
      { stuckMs: 4_000, waiting: 12n },
      'late: Pings have not reached Kafka for 4 s: 12 wait in Postgres, and counts include them.',
    ],
    [
      'pings do not reach Kafka for long',
      'kafka',
      { stuckMs: 8_000_000, waiting: 12n },
      'down: Pings have not reached Kafka for 2 h: 12 wait in Postgres, and counts include them.',
    ],
    ['Postgres is unreachable', 'kafka', { postgresSilentMs: 3_000 }, 'late: Nothing is known of Kafka while Postgres does not answer.'],
    [
      'the processor has stopped a moment ago',
      'processor',
      { cacheAgeMs: 4_000, source: 'database' },
      'late: The processor has not moved the cache for 4 s: counts come from Postgres.',
    ],
    [
      'the processor is gone',
      'processor',
      { cacheAgeMs: 60_000, source: 'database' },
      'down: The processor has not moved the cache for 60 s: counts come from Postgres.',
    ],
    [
      'the cache was emptied and no processor runs',
      'processor',
      { incompleteMs: 15_000, cacheAgeMs: undefined, source: 'database' },
      'down: The processor has not completed the cache for 15 s: counts come from Postgres.',
    ],
    [
      'the processor cannot read Postgres',
      'processor',
      { cacheAgeMs: 4_000, postgresSilentMs: 4_000 },
      'late: The processor cannot complete the cache while Postgres does not answer.',
    ],
    [
      'the cache is unreachable',
      'processor',
      { cacheSilentMs: 4_000 },
      'late: Nothing is known of the processor while the cache does not answer.',
    ],
    [
      'the clock of the cache was set back',
      'processor',
      { cacheAgeMs: Infinity, source: 'database' },
      'late: The clock of the cache was set back, so its age is unknown: counts come from Postgres.',
    ],
  ])('say what it means that %s (%s)', (_, name, signs, expected) => expect(part(name, signs)).toBe(expected))

  test('blame only the part that is unreachable', () => {
    const downOf = (signs: Partial<Signs>) =>
      partsOf({ ...WELL, ...signs })
        .filter(({ state }) => state === 'down')
        .map(({ name }) => name)
    expect(downOf({ postgresSilentMs: 60_000, canWrite: false, cacheAgeMs: 60_000, stuckMs: 60_000 })).toEqual(['postgres'])
    expect(downOf({ cacheSilentMs: 60_000, cacheAgeMs: 60_000 })).toEqual(['cache'])
    expect(downOf({ stuckMs: 60_000, waiting: 5n })).toEqual(['kafka'])
    expect(downOf({ cacheAgeMs: 60_000 })).toEqual(['processor'])
  })
})
