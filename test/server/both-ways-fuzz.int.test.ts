import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../support/random.ts'
import { converse } from './both-ways/conversation.ts'
import { randomConversation } from './both-ways/mutate.ts'
import { startBothWays } from './both-ways/ports.ts'

/** `PING_FUZZ=5000 PING_FUZZ_SEED=7`: how many conversations, and which the first is. A difference names its seed: run that alone. */
const COUNT = Number(process.env['PING_FUZZ'] ?? 400)
const FIRST_SEED = Number(process.env['PING_FUZZ_SEED'] ?? Math.floor(Date.now() / 1_000))
/** Conversations at a time. */
const PAIRS = 4

const pairs: Awaited<ReturnType<typeof startBothWays>>[] = []
beforeAll(async () => {
  for (let left = PAIRS; left > 0; left--) pairs.push(await startBothWays({ limits: { requestMs: 3_000, headersMs: 3_000, checkMs: 100 } }))
})
afterAll(async () => {
  await Promise.all(pairs.map(({ stop }) => stop()))
})

it(`the lean way and Connect's handlers answer ${COUNT} random conversations alike, from seed ${FIRST_SEED} on`, { timeout: 60_000 + COUNT * 100 }, async () => {
  let next = FIRST_SEED
  const differences: unknown[] = []
  const talk = async ({ ways: [handlers, lean] }: (typeof pairs)[number]): Promise<void> => {
    while (next < FIRST_SEED + COUNT && differences.length < 5) {
      const seed = next++
      const steps = randomConversation(seededRandom(seed))
      const [expected, got] = await Promise.all([converse(handlers, steps), converse(lean, steps)])
      if (JSON.stringify(got) !== JSON.stringify(expected)) differences.push({ seed, sent: steps.map(String), expected, got })
    }
  }
  await Promise.all(pairs.map(talk))
  expect(differences).toEqual([])
})
