import { afterAll, beforeAll, expect, test } from 'vitest'
import { atDepth } from '../support/depth.ts'
import { seededRandom } from '../support/random.ts'
import { converse, type Outcome } from './both-ways/conversation.ts'
import { randomConversation } from './both-ways/mutate.ts'
import { startBothWays } from './both-ways/ports.ts'

/** `PING_FUZZ=5000 PING_FUZZ_SEED=7`: the number of conversations, and the seed of the first. A failure names its seed. */
const COUNT = Number(process.env['PING_FUZZ'] ?? atDepth({ normally: 150, thoroughly: 400 }))
const FIRST_SEED = Number(process.env['PING_FUZZ_SEED'] ?? Math.floor(Date.now() / 1_000))
/** Concurrent conversations. */
const PAIRS = 4
/**
 * How long the caller waits for more bytes, in ms: a truncated request gets no answer. If the answers differ, the conversation is
 * repeated with a longer wait, because an answer may only have been late.
 */
const QUIET_MS = 300

/** Node may write 100 Continue into the answer to a pipelined request, at a place that depends on timing. */
function withoutContinue({ answer, ...rest }: Outcome): Outcome {
  return { ...rest, answer: answer.replaceAll('HTTP/1.1 100 Continue\r\n\r\n', '') }
}

const pairs: Awaited<ReturnType<typeof startBothWays>>[] = []
beforeAll(async () => {
  for (let left = PAIRS; left > 0; left--) pairs.push(await startBothWays({ limits: { requestMs: 3_000, headersMs: 3_000, checkMs: 100 } }))
})
afterAll(async () => {
  await Promise.all(pairs.map(({ stop }) => stop()))
})

test(
  `the lean way and Connect's handlers answer ${COUNT} random conversations alike, from seed ${FIRST_SEED} on`,
  { timeout: 60_000 + COUNT * 100 },
  async () => {
    let next = FIRST_SEED
    const differences: unknown[] = []
    const talk = async ({ ways: [handlers, lean] }: (typeof pairs)[number]): Promise<void> => {
      while (next < FIRST_SEED + COUNT && differences.length < 5) {
        const seed = next++
        const steps = randomConversation(seededRandom(seed))
        for (const quietMs of [QUIET_MS, undefined]) {
          const [expected, got] = await Promise.all([handlers, lean].map(way => converse(way, steps, quietMs).then(withoutContinue)))
          if (JSON.stringify(got) === JSON.stringify(expected)) break
          if (quietMs === undefined) differences.push({ seed, sent: steps.map(String), expected, got })
        }
      }
    }
    await Promise.all(pairs.map(talk))
    expect(differences).toEqual([])
  },
)
