import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pingRoles } from '../../src/server/roles.ts'
import { createAccessCheck } from '../../src/transport/access/access-check.ts'
import { parseTokens } from '../../src/transport/access/tokens.ts'
import { converse, LAST, type Outcome, type Step } from './both-ways/conversation.ts'
import { startBothWays, OUTCOME, type Way, type WaysOptions } from './both-ways/ports.ts'
import { CASES, COUNT, PING, post } from './both-ways/requests.ts'
import { tokenLine } from './callers-fixture.ts'

const TRIES = 4

/** The answers of Connect's handlers and those of the lean way. */
async function both([handlers, lean]: readonly [Way, Way], steps: readonly Step[]): Promise<readonly [Outcome, Outcome]> {
  return alike(() => Promise.all([converse(handlers, steps), converse(lean, steps)]))
}

/** If the outcomes differ, one may only have been late, or cut off on a machine that stood still: only a difference that stays is one. */
async function alike<T>(outcomes: () => Promise<readonly [T, T]>): Promise<readonly [T, T]> {
  for (let tries = 1; ; tries++) {
    const [one, other] = await outcomes()
    if (tries === TRIES || isDeepStrictEqual(one, other)) return [one, other]
  }
}

function shared(options: WaysOptions = {}): () => readonly [Way, Way] {
  let started: Awaited<ReturnType<typeof startBothWays>>
  beforeAll(async () => {
    started = await startBothWays(options)
  })
  afterAll(() => started.stop())
  return () => started.ways
}

describe('the lean way gives the same bytes and log lines as the handlers of Connect', () => {
  const ways = shared()

  test.each(CASES)('%s', async (_, steps) => {
    const [handlers, lean] = await both(ways(), steps)
    expect(lean).toEqual(handlers)
  })
})

describe('the lean way and the handlers of Connect, with tokens,', () => {
  const tokens = parseTokens(
    'TOKENS_FILE',
    tokenLine('full', 'full-token', 'ping,read') + tokenLine('reader', 'reader-token', 'read'),
    pingRoles.names,
  )
  const ways = shared({ access: createAccessCheck({ tokens: () => tokens, clientCertificates: false, roles: pingRoles }) })

  test.each([
    '',
    'authorization: Bearer full-token\r\n',
    'authorization: Bearer reader-token\r\n',
    'authorization: Bearer nobody\r\n',
    'authorization: Basic eDp5\r\n',
    'authorization: Bearer full-token\r\nauthorization: Bearer full-token\r\n',
    'Authorization: bearer  full-token \r\n',
    `authorization: Bearer ${'x'.repeat(2_000)}\r\n`,
  ])('accept the same callers: %j', async headers => {
    for (const path of [PING, COUNT, '/grpc.health.v1.Health/Check', '/nope']) {
      for (const body of ['{}', '{']) {
        const [handlers, lean] = await both(ways(), [post(body, `content-type: application/json\r\n${headers}`, path), LAST])
        expect(lean).toEqual(handlers)
      }
    }
    const [handlers, lean] = await both(ways(), [`GET ${COUNT}?encoding=json&message=%7B%7D HTTP/1.1\r\nhost: x\r\n${headers}\r\n`, LAST])
    expect(lean).toEqual(handlers)
  })
})

describe('a slow caller on the lean way', () => {
  const ways = shared({ limits: { requestMs: 700, headersMs: 400, checkMs: 50 } })
  const head = post('{"timestampMs":"7"}').subarray(0, -4)

  test.each([
    ['of incomplete headers', [head.subarray(0, 30)]],
    ['of an incomplete body', [head]],
    ['that is not too slow', [head, { pauseMs: 200 }, post('{"timestampMs":"7"}').subarray(-4), LAST]],
  ] satisfies [string, Step[]][])('%s gets the same answer as from the handlers of Connect', async (_, steps) => {
    const [handlers, lean] = await both(ways(), [...steps, { until: /HTTP\/1\.1 / }])
    expect(lean).toEqual(handlers)
  })
})

describe('a drain on the lean way', () => {
  test('gives the same answers to requests in flight and to those that it cuts off', async () => {
    const drained = async (way: Way): Promise<readonly Outcome[]> => {
      const inFlight = [OUTCOME.late, OUTCOME.never].map(at => converse(way, [post(JSON.stringify({ timestampMs: String(at) }))]))
      const open = converse(way, [post('{}'), { until: /\{\}$/ }, { pauseMs: 60 }, post('{}')])
      await expect.poll(() => way.http.inFlight()).toBe(1)
      const stopped = way.http.stop(400)
      const outcomes = await Promise.all([...inFlight, open])
      expect(await stopped).toBe(1)
      return outcomes.map(outcome => ({ ...outcome, seen: [] }))
    }
    const [handlers, lean] = await alike(async () => {
      const { ways } = await startBothWays()
      return Promise.all([drained(ways[0]), drained(ways[1])])
    })
    expect(lean).toEqual(handlers)
  })
})
