import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wait } from '../../src/runtime/wait.ts'
import { PingCaller, type Answer } from '../support/call-ping.ts'
import { i3Gaps, i4Cache, withDatabase } from '../support/checker.ts'
import { firstOrAll } from '../support/depth.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'

const CALLERS = 64
const CACHE_LIMIT_MS = 60_000
const ANSWER_LIMIT_MS = 40_000
const TEST_LIMIT_MS = 180_000
/** What a caller sees that was not accepted: the port is closed, or its idle connection was closed while it sent. */
const NOT_LET_IN = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE']

keepLogsOnFailure()

interface Tried {
  readonly id: string
  readonly answer: Answer
}

describe('at SIGTERM under load', () => {
  let ping: WholePing
  beforeAll(async () => {
    ping = await startPing()
  })
  afterAll(() => ping.stop())

  /** Callers that send one ping after the other, none of them twice, until they are not accepted any more. Adds each to `tried`. */
  async function sendUntilRefused(caller: PingCaller, url: string, tried: Tried[]): Promise<void> {
    const one = async (): Promise<void> => {
      for (;;) {
        const id = v7()
        const answer = await caller.call(url, 'Ping', { pingId: id }, ANSWER_LIMIT_MS)
        tried.push({ id, answer })
        if (answer.kind === 'nothing') return
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, one))
  }

  const recordedOf = async (tried: readonly Tried[]): Promise<ReadonlySet<string>> => {
    const { rows } = await withDatabase(ping.place.databaseUrl, client =>
      client.query('select id from pings where id = any ($1)', [tried.map(({ id }) => id)]),
    )
    return new Set(rows.map(({ id }) => String(id)))
  }

  test.each(firstOrAll([1, 2, 3]))(
    'the server records and answers all that it accepted, and nothing else, and exits with 0, time %i',
    { timeout: TEST_LIMIT_MS },
    async () => {
      const [server] = ping.servers
      await server!.untilReady()
      const caller = new PingCaller()
      const tried: Tried[] = []
      const sending = sendUntilRefused(caller, server!.url, tried)
      await until('callers are answered', () => tried.length > 4 * CALLERS)
      await wait(Math.random() * 500)
      expect(await server!.stop()).toEqual({ code: 0, signal: null })
      await sending
      caller.close()
      const recorded = await recordedOf(tried)
      const answered = tried.flatMap(({ id, answer }) => (answer.kind === 'answer' ? [{ id, answer }] : []))
      expect(answered.length).toBeGreaterThan(CALLERS)
      expect(answered.filter(({ answer }) => answer.status !== 200)).toEqual([])
      expect(answered.filter(({ id }) => !recorded.has(id))).toEqual([])
      const unanswered = tried.flatMap(({ id, answer }) => (answer.kind === 'nothing' ? [{ id, code: answer.code }] : []))
      expect(unanswered.filter(({ code }) => !NOT_LET_IN.includes(code))).toEqual([])
      expect(unanswered.filter(({ id }) => recorded.has(id))).toEqual([])
      await server!.start()
      await server!.untilReady()
    },
  )

  test('the processor exits with 0, and the next one continues from there without a gap', { timeout: TEST_LIMIT_MS }, async () => {
    const [processor] = ping.processors
    const caller = new PingCaller()
    const { url } = ping.servers[0]!
    const sendMany = () => Promise.all(Array.from({ length: 200 }, () => caller.call(url, 'Ping', {}, ANSWER_LIMIT_MS)))
    for (let round = 0; round < 5; round++) await sendMany()
    expect(await processor!.stop()).toEqual({ code: 0, signal: null })
    await sendMany()
    await processor!.start()
    await processor!.untilReady()
    caller.close()
    const { databaseUrl, redisUrl } = ping.place
    expect((await i4Cache(databaseUrl, redisUrl, CACHE_LIMIT_MS)).violations).toEqual([])
    expect(await i3Gaps(databaseUrl)).toEqual([])
    expect(await ping.verify('60s')).toMatch(/^OK$/m)
  })
})
