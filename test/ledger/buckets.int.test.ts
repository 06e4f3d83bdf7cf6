import { expect, test } from 'vitest'
import { countBuckets } from '../../src/ledger/buckets.ts'
import { fold } from '../../src/ledger/positions.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { seededRandom } from '../support/random.ts'
import { describeOnPostgres, pingsAt, record, setUp, withClient } from './ledger-fixture.ts'

const LANES = 3
const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]

describeOnPostgres('buckets', database => {
  test('are what ranges count one by one, over random histories and bounds', async () => {
    await setUp(database(), LANES)
    const random = seededRandom(13)
    const time = () => random.pick([0, -1_000_000, 1_700_000_000_000]) + random.between(-200_000, 200_000)
    const bound = () =>
      random.next() < 0.5
        ? BigInt(Math.floor(time() / 60_000)) * 60_000n
        : random.pick([BigInt(time()), BigInt(time()), INT64_MIN, INT64_MAX])
    await withClient(database(), async client => {
      for (let step = 0; step < 40; step++) {
        await record(client, random.between(0, LANES), pingsAt(...Array.from({ length: random.between(1, 30) }, time)))
        if (random.next() < 0.4) await fold(client, random.between(0, LANES), random.between(1, 40))
        const bounds = [...new Set(Array.from({ length: random.between(0, 20) }, bound))].sort((a, b) => (a < b ? -1 : 1))
        const counts = await Promise.all(bounds.slice(1).map((end, index) => countRange(client, bounds[index]!, end)))
        expect([bounds, await countBuckets(client, bounds)]).toEqual([bounds, counts])
      }
    })
  })
})
