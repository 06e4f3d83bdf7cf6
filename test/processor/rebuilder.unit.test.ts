import { expect, test, vi } from 'vitest'
import { Lanes } from '../../processor/lanes.ts'
import { createProcessorMetrics } from '../../processor/metrics.ts'
import { Rebuilder } from '../../processor/rebuilder.ts'
import { WantedWork } from '../../processor/wanted-work.ts'
import type { Cache } from '../../src/counters/connect.ts'
import type { Pool } from '../../src/ledger/pool.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { RecordingTracing } from '../support/recording-tracing.ts'

/** An answer to each query: an empty lane, and a minute without pings. */
const ROW = { lane: 0, seq: 0n, tag: 0n, minute: 0n, count: 0n }
const client = { query: () => Promise.resolve({ rows: [ROW] }), release: () => undefined }

/** Rebuilds a cache that gives these answers. Returns the messages that are logged. */
async function logged(claimed: 'OK' | 'CLAIMED', replaced: 'OK' | 'LOST', tracing?: RecordingTracing): Promise<readonly unknown[]> {
  const answers = { time: ['1764000000', '0'], pingClaim: claimed, pingReplace: replaced }
  const cache = Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, () => Promise.resolve(answer)]))
  const info = vi.fn<(fields: object, message: string) => void>()
  const rebuilder = new Rebuilder({
    cache: cache as unknown as Cache,
    pool: { connect: () => Promise.resolve(client) } as unknown as Pool,
    lanes: new Lanes(),
    wanted: new WantedWork(),
    log: { info } as unknown as Logger,
    metrics: createProcessorMetrics(),
    maxMinutes: 10,
    tracing,
  })
  await rebuilder.rebuild('a test')
  return info.mock.calls.map(([, message]) => message)
}

test.each([
  ['OK', 'OK', ['rebuilt the cache']],
  ['OK', 'LOST', ['another program took over the rebuild of the cache']],
  ['CLAIMED', 'OK', []],
] as const)('a rebuild whose claim is answered %s and whose replacement is answered %s logs %j', async (claimed, replaced, messages) =>
  expect(await logged(claimed, replaced)).toEqual(messages),
)

test('a rebuild has a span with its reason, its outcome and the number of pings', async () => {
  const tracing = new RecordingTracing()
  await logged('OK', 'OK', tracing)
  await logged('CLAIMED', 'OK', tracing)
  expect(tracing.named('rebuild cache').map(({ isEnded, attributes }) => ({ isEnded, ...attributes }))).toEqual([
    { isEnded: true, 'ping.reason': 'a test', 'ping.lane.count': 0, 'ping.count': 0n, 'ping.outcome': 'rebuilt' },
    { isEnded: true, 'ping.reason': 'a test', 'ping.lane.count': 0, 'ping.outcome': 'claimed' },
  ])
})
