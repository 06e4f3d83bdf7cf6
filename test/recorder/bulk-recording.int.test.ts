import { createClient } from '@connectrpc/connect'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FailureCode, PingService, type PingResult } from '../../src/gen/ping/v1/ping_pb.ts'
import { numberingFaults, rowsOf, setUp } from '../ledger/ledger-fixture.ts'
import { startHttpFixture, transports, type HttpFixture } from '../server/http-fixture.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { startRecorder, type TestRecorder } from './recorder-fixture.ts'

const LANES = 4
const MAX_QUEUE_LENGTH = 3_000

interface Asked {
  readonly pingId?: string
  readonly timestampMs?: bigint
}
type Send = (pings: readonly Asked[]) => Promise<readonly PingResult[]>

let database: TestDatabase
let recorder: TestRecorder
let fixture: HttpFixture
beforeAll(async () => {
  database = await testDatabase()
  await setUp(database, LANES)
  recorder = startRecorder(database.config, { maxQueueLength: MAX_QUEUE_LENGTH })
  fixture = await startHttpFixture({ recorder: recorder.recorder })
})
afterAll(async () => {
  await fixture[Symbol.asyncDispose]()
  await recorder.recorder.stop()
  await database.drop()
})

const client = () => createClient(PingService, transports(fixture.url)['gRPC']!)
const byBatch: Send = async pings => (await client().pingBatch({ pings: [...pings] })).results
const byStream: Send = async pings => {
  const results: PingResult[] = []
  for await (const answer of client().pingStream(
    (async function* () {
      yield { pings: [...pings] }
    })(),
  ))
    results.push(...answer.results)
  return results
}
const codes = (results: readonly PingResult[]) => results.map(({ failure }) => failure?.code)
const newPings = (count: number, timestampMs = 1_000n): readonly Required<Asked>[] =>
  Array.from({ length: count }, () => ({ pingId: v7(), timestampMs }))
const timesOf = async (pings: readonly Required<Asked>[]): Promise<readonly string[]> => {
  const rows = await rowsOf<{ ms: string }>(
    database,
    'select (extract(epoch from pinged_at) * 1000)::bigint::text as ms from pings where id = any ($1)',
    [pings.map(({ pingId }) => pingId)],
  )
  return rows.map(({ ms }) => ms)
}

describe.each<[string, Send]>([
  ['PingBatch', byBatch],
  ['PingStream', byStream],
])('%s, recording in Postgres,', (_, send) => {
  test('records 2 500 pings once when they are sent twice', async () => {
    const pings = newPings(2_500)
    for (const results of [await send(pings), await send(pings)])
      expect(results.every(({ pingId, failure }) => pingId === '' && failure === undefined)).toBe(true)
    expect(await timesOf(pings)).toHaveLength(2_500)
    expect(await numberingFaults(database)).toEqual([])
  })

  test('records an id once that occurs twice in a call and in two calls at once', async () => {
    const pings = newPings(100)
    const twice = [...pings, ...pings.toReversed()]
    const [one, other] = await Promise.all([send(twice), send(twice)])
    expect([...codes(one), ...codes(other)].filter(code => code !== undefined)).toEqual([])
    expect(await timesOf(pings)).toHaveLength(100)
  })

  test('fails only the pings whose id has another time, already recorded or in the same call', async () => {
    const [before, first, ...others] = newPings(12)
    await send([before!])
    const results = await send([
      first!,
      { ...before!, timestampMs: 5n },
      ...others,
      { ...first!, timestampMs: 6n },
      { pingId: before!.pingId },
    ])
    expect(codes(results)).toEqual([
      undefined,
      FailureCode.ALREADY_EXISTS,
      ...others.map(() => undefined),
      FailureCode.ALREADY_EXISTS,
      undefined,
    ])
    expect(results[1]).toMatchObject({
      pingId: before!.pingId,
      failure: { message: `timestamp_ms: got 5, but ping_id ${before!.pingId} was recorded with 1000; expected that or no timestamp_ms` },
    })
    expect(await timesOf([before!, first!, ...others])).toEqual(Array.from({ length: 12 }, () => '1000'))
  })

  test('refuses the pings that exceed the queue, and records the others', async () => {
    const pings = newPings(10_000)
    const results = await send(pings)
    const full = pings.filter((_ping, index) => results[index]?.failure?.code === FailureCode.RESOURCE_EXHAUSTED)
    const acked = pings.filter((_ping, index) => results[index]?.failure === undefined)
    expect(full.length + acked.length).toBe(10_000)
    expect(acked.length).toBeGreaterThanOrEqual(1_000)
    expect(full.length).toBeGreaterThan(0)
    const refused = results.find(({ failure }) => failure !== undefined)
    expect(refused?.pingId).toBe(full[0]?.pingId)
    expect(refused?.failure?.retryAfterMs).toBeGreaterThan(0)
    expect(await timesOf(acked)).toHaveLength(acked.length)
    expect(await timesOf(full)).toEqual([])
  })
})
