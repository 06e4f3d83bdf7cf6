import { Code } from '@connectrpc/connect'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { PROTOCOLS } from '../../src/cli/client/connect-to.ts'
import { FailureCode } from '../../src/gen/ping/v1/ping_pb.ts'
import { callCli, PATIENT, runCli, startCli, STARTED, WHOLE_TEST_MS, withPatience, type CliResult } from './run-cli.ts'
import { startScriptedServer, type ScriptedServer, type ServerOptions, type Step } from './scripted-server.ts'

vi.setConfig({ testTimeout: WHOLE_TEST_MS })

let server: ScriptedServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

async function serve(
  script: readonly Step[] = [],
  options: ServerOptions = {},
  protocol: (typeof PROTOCOLS)[number] = 'connect',
): Promise<ScriptedServer> {
  await server?.stop()
  server = await startScriptedServer(protocol, script, options)
  return server
}

const load = (address: string, ...args: readonly string[]): Promise<CliResult> => runCli(['load', '--json', '--address', address, ...args])
const full = (_: unknown, nth: number) => (nth === 1 ? FailureCode.RESOURCE_EXHAUSTED : undefined)

test.each([
  ['connect', 'calls', []],
  ['grpc', 'calls', []],
  ...PROTOCOLS.map(protocol => [protocol, 'streams', ['--stream']] as const),
] as const)('pingcli load over %s sends every ping once, in %s of the batch size', async (protocol, shape, args) => {
  const http2 = shape === 'streams'
  const { address, sizes, pings, recorded } = await serve([], { http2 }, protocol)
  const { code, stdout, stderr } = await load(
    address,
    '--protocol',
    protocol,
    '--count',
    '100',
    '--batch',
    '30',
    '--concurrency',
    '2',
    ...args,
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(sizes.toSorted()).toEqual([10, 30, 30, 30])
  expect([pings.length, recorded.size]).toEqual([100, 100])
  expect(JSON.parse(stdout)).toMatchObject({
    pings: 100,
    acked: 100,
    open: [],
    retries: 0,
    batch: 30,
    stream: http2,
    concurrency: 2,
    loop: 'closed',
    omitted: expect.any(Number),
  })
})

describe('pingcli load', () => {
  test('calls Ping if a call has one ping', async () => {
    const { address, sizes, pings } = await serve()
    expect((await load(address, '-n', '5')).code).toBe(0)
    expect([sizes, pings.length]).toEqual([[], 5])
  })

  test.each([
    ['call', [], false],
    ['stream', ['--stream'], true],
  ])('sends only the failed pings of a %s again, with the same ids', async (_, args, http2) => {
    const failsThird = ({ pingId }: { readonly pingId: string }, nth: number) =>
      Number.parseInt(pingId.slice(-1), 16) % 3 === 0 ? full(pingId, nth) : undefined
    const { address, pings, recorded } = await serve([], { fails: failsThird, http2 })
    const { code, stdout } = await load(address, '--count', '120', '--batch', '40', '--concurrency', '1', ...args)
    const failed = pings.slice().filter(({ pingId }) => failsThird({ pingId }, 1) !== undefined)
    expect(code).toBe(0)
    expect(recorded.size).toBe(120)
    expect(pings).toHaveLength(120 + failed.length / 2)
    expect(failed.length).toBeGreaterThan(0)
    expect(JSON.parse(stdout)).toMatchObject({ acked: 120, open: [] })
    expect(JSON.parse(stdout).retries).toBeGreaterThan(0)
  })

  test.each<[string, readonly Step[], readonly string[], boolean, timeout?: string]>([
    ['call whose reply is lost', ['lose reply', 'answer', 'lose reply'], [], false],
    ['stream that is cut', ['lose reply', 'answer', 'lose reply'], ['--stream'], true],
    ['stream that the server ends', ['answer', { code: Code.Unavailable }], ['--stream'], true],
    ['stream without answers', ['no reply'], ['--stream'], true, '3s'],
  ])(
    'sends the pings of a %s again with the same ids, so that they are counted once',
    async (_, script, args, http2, timeout = PATIENT) => {
      const run = async (limit: string) => {
        const { address, pings, recorded } = await serve(script, { http2 })
        const result = await load(address, '--count', '60', '--batch', '20', '--concurrency', '1', '--timeout', limit, ...args)
        return { ...result, pings, recorded }
      }
      const { code, stdout, pings, recorded } = await withPatience(timeout, run, each => each.code === 0)
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ pings: 60, acked: 60, open: [] })
      expect(JSON.parse(stdout).retries).toBeGreaterThan(0)
      expect(new Set(pings.map(({ pingId }) => pingId)).size).toBe(60)
      expect(recorded.size).toBe(60)
    },
  )

  test('ends with exit code 4 if the server refuses a ping', async () => {
    const { address } = await serve([], { fails: (_, nth) => (nth === 1 ? FailureCode.INVALID_ARGUMENT : undefined) })
    const { code, stdout, stderr } = await load(address, '--count', '10', '--batch', '2', '--concurrency', '1')
    expect(code).toBe(4)
    expect(stderr).toContain('refused: invalid_argument: scripted failure 3')
    expect(JSON.parse(stdout)).toMatchObject({ pings: 2, acked: 0, open: [expect.any(String), expect.any(String)] })
  })

  test('stops at --timeout, and says how many pings are not acknowledged', async () => {
    const { address } = await serve([], { fails: () => FailureCode.UNAVAILABLE })
    const { code, stderr } = await load(address, '--count', '2', '--batch', '2', '--concurrency', '1', '--timeout', '300ms')
    expect(code).toBe(3)
    expect(stderr).toMatch(/^2 pings were not acknowledged and may or may not be recorded\./m)
  })

  test('does not count a ping without a result as acknowledged', async () => {
    const { address } = await serve([], { losesResult: true })
    const { code, stdout, stderr } = await withPatience(
      '300ms',
      timeout => load(address, '--count', '2', '--batch', '2', '--concurrency', '1', '--timeout', timeout),
      each => each.stderr.includes('got 1 results'),
    )
    expect([code, JSON.parse(stdout).acked]).toEqual([3, 0])
    expect(stderr).toContain('got 1 results, expected 2')
  })

  test('with --rate reports how many pings were due but not sent while all callers waited', async () => {
    const run = async (timeout: string) => {
      const { address } = await serve(['no reply'])
      return load(address, '--rate', '100', '--duration', '500ms', '--concurrency', '1', '--timeout', timeout)
    }
    const { code, stdout } = await withPatience('3s', run, each => each.code === 0)
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ pings: 1, acked: 1, omitted: 49 })])
  })

  test('with --rate measures latencies from when pings were due', async () => {
    const { address } = await serve(Array.from({ length: 3 }, () => 'answer' as const))
    const began = performance.now()
    const { code, stdout } = await load(address, '--count', '30', '--batch', '10', '--rate', '50')
    expect(code).toBe(0)
    expect(performance.now() - began).toBeGreaterThan(500)
    const { loop, latencyMs, sentLatencyMs, omitted } = JSON.parse(stdout)
    expect([loop, omitted]).toEqual(['open', 0])
    for (const tail of [latencyMs, sentLatencyMs]) expect(Object.keys(tail)).toEqual(['p50', 'p75', 'p90', 'p99', 'p999', 'p9999', 'max'])
  })

  test('ends after its duration', async () => {
    const { address } = await serve()
    const { code, stdout } = await load(address, '--duration', '300ms', '--batch', '5')
    const { pings, acked, elapsedMs } = JSON.parse(stdout)
    expect([code, pings]).toEqual([0, acked])
    expect(elapsedMs).toBeGreaterThanOrEqual(300)
    expect(acked).toBeGreaterThan(0)
  })

  test('prints its report at Ctrl-C', async () => {
    const { address, recorded } = await serve()
    const { child, result } = startCli(['load', '--duration', '1m', '--batch', '5', '--address', address])
    await expect.poll(() => recorded.size, STARTED).toBeGreaterThan(100)
    child.kill('SIGINT')
    const { code, stdout, stderr } = await result
    expect(code).toBe(130)
    expect(stderr).toBe('interrupted\n')
    expect(stdout).toMatch(
      /^[\d ]+ of [\d ]+ pings acknowledged in .*, [\d ]+ per second\n16 concurrent calls, 5 pings per call, as fast as the server answers \(closed loop\)\n\nlatency of a ping, from its first try\n {2}50 % .*\n[^]*\n {2}99\.99 % .*\n {2}max .*\n\nCoordinated omission: /,
    )
  })

  test.each([
    [['--batch', '10001'], 'expected an integer from 1 to 10000'],
    [['--duration', '5'], 'expected a duration with a unit'],
    [['--rate', '50', '--batch', '1000'], 'at this rate the first 1000 pings are due after 20 s, and nothing would be sent before the end'],
    [['--rate', '50', '--batch', '1000', '--count', '500', '--duration', '9s'], 'the first 500 pings are due after 10 s'],
  ])('%j is refused', async (args, expected) => {
    const { code, stderr } = await callCli(['load', ...args])
    expect(code).toBe(2)
    expect(stderr).toContain(expected)
  })
})
