import { Code } from '@connectrpc/connect'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { PROTOCOLS, type Protocol } from '../../src/cli/client/connect-to.ts'
import type { PingClient } from '../../src/cli/client/ping-client.ts'
import type { Context } from '../../src/cli/context.ts'
import { watchTotal } from '../../src/cli/count/watch-total.ts'
import { Consistency } from '../../src/gen/ping/v1/ping_pb.ts'
import { wait } from '../../src/runtime/wait.ts'
import { startHttpFixture } from '../server/http-fixture.ts'
import { PATIENT, runCli, startCli, STARTED, WHOLE_TEST_MS } from './run-cli.ts'
import { startScriptedServer, type ScriptedServer, type Step } from './scripted-server.ts'

vi.setConfig({ testTimeout: WHOLE_TEST_MS })

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

let server: ScriptedServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

async function serve(protocol: Protocol = 'connect', script: readonly Step[] = []): Promise<ScriptedServer> {
  server = await startScriptedServer(protocol, script)
  return server
}

describe.each(PROTOCOLS)('pingcli count over %s', protocol => {
  test('counts all pings, retries if the reply is lost, and prints the source of the count', async () => {
    const { address, counts } = await serve(protocol, ['answer', 'answer', 'lose reply', { code: Code.Unavailable }])
    await runCli(['ping', '-n', '2', '--protocol', protocol, '--address', address])
    const { code, stdout } = await runCli(['count', '--protocol', protocol, '--address', address, '--timeout', PATIENT])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '2 (cache, 120 ms old)\n' })
    expect(counts).toHaveLength(3)
    expect(counts[0]).toMatchObject({ consistency: Consistency.UNSPECIFIED })
    expect(counts[0]?.timeRange).toBeUndefined()
  })

  test('prints JSON', async () => {
    const { address } = await serve(protocol)
    const { stdout } = await runCli(['count', '--json', '--from', '5', '--protocol', protocol, '--address', address])
    expect(stdout).toBe('{"count":0,"source":"cache","ageMs":120,"from":5,"to":9223372036854775807}\n')
  })
})

describe('pingcli count', () => {
  test.each([
    [['--from', '-5', '--to=7'], -5n, 7n],
    [['--from', '2026-11-21'], BigInt(Date.UTC(2026, 10, 21)), INT64_MAX],
    [['--to', '0'], INT64_MIN, 0n],
    [['--from', '3', '--to', '3'], 3n, 3n],
  ])('asks for the range of %j', async (args, start, end) => {
    const { address, counts } = await serve()
    expect(await runCli(['count', '--address', address, ...args])).toMatchObject({ code: 0 })
    expect(counts[0]?.timeRange).toMatchObject({ start, end })
  })

  test('asks for a strong count', async () => {
    const { address, counts } = await serve()
    await runCli(['count', '--address', address, '--strong'])
    expect(counts[0]?.consistency).toBe(Consistency.STRONG)
  })

  test('watches until SIGINT, even through an outage of the server, and prints a summary', async () => {
    const { address, port } = await serve()
    const run = startCli(['count', '--watch', '--interval', '50ms', '--timeout', '300ms', '--address', address])
    await run.shows('  0 (cache')
    await server?.stop()
    server = await startScriptedServer('connect', Array<Step>(10_000).fill({ code: Code.Unavailable }), { port })
    await run.shows('; retrying')
    await server.stop()
    server = await startScriptedServer('connect', [], { port })
    await runCli(['ping', '-n', '3', '--address', address])
    await run.shows('  3  +') // they may be more than one change
    run.child.kill('SIGINT')
    const { code, stdout, stderr } = await run.result
    expect(code).toBe(130)
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}0 \(cache, 120 ms old\)\n/)
    expect(stderr).toMatch(/watched for .*: 0 → 3, \+3, \d+ per second\n$/)
  })

  test('prints no summary after a single count', async () => {
    const { address } = await serve()
    const run = startCli(['count', '--watch', '--interval', '1m', '--address', address])
    await run.shows('(cache')
    run.child.kill('SIGINT')
    expect(await run.result).toMatchObject({ code: 130, stderr: '' })
  })

  test('watches with --json, one document per line', async () => {
    const { address } = await serve()
    const run = startCli(['count', '--watch', '--interval', '50ms', '--json', '--address', address])
    await expect.poll(() => server?.counts.length, STARTED).toBeGreaterThan(2)
    run.child.kill('SIGTERM')
    const { code, stdout } = await run.result
    expect(code).toBe(143)
    const times = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).time)
    expect(times.length).toBeGreaterThan(1)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('ends a watch when the reader of its output ends', async () => {
    const { address } = await serve()
    const run = startCli(['count', '--watch', '--interval', '50ms', '--address', address])
    await run.shows('(cache')
    run.child.stdout?.destroy()
    expect((await run.result).code).toBe(0)
  })

  test.each([[[]], [['--interval', '1s']]])('ends a watch with %j if the server refuses the request', async more => {
    const { address } = await serve('connect', [{ code: Code.Unimplemented }])
    expect(await runCli(['count', '--watch', ...more, '--address', address])).toMatchObject({ code: 4 })
  })
})

describe.each(PROTOCOLS)('pingcli count --watch over %s', protocol => {
  test('prints each new total as the server sends it, and reconnects when the server restarts', async () => {
    const { address, port } = await serve(protocol)
    const run = startCli(['count', '--watch', '--protocol', protocol, '--address', address])
    await run.shows('  0 (cache, 120 ms old)\n')
    await runCli(['ping', '-n', '3', '--protocol', protocol, '--address', address])
    await run.shows('  3  +')
    await server?.stop()
    await run.shows('; retrying')
    server = await startScriptedServer(protocol, [], { port })
    await run.shows('connected again')
    run.child.kill('SIGINT')
    const { code, stdout, stderr } = await run.result
    expect(code).toBe(130)
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}0 \(cache, 120 ms old\)\n(?:.* \+[12] .*\n)*.* 3 {2}\+\d .*\n.* 0 {2}−3 .*\n$/)
    expect(stderr).toMatch(/watched for .*: 0 → 0, \+0, 0 per second\n$/)
    expect(server.counts).toEqual([])
  })
})

describe('pingcli count --watch', () => {
  test('prints one JSON document per total', async () => {
    const { address } = await serve()
    const run = startCli(['count', '--watch', '--json', '--address', address])
    await run.shows('"count":0')
    await runCli(['ping', '-n', '1', '--address', address])
    await run.shows('"count":1')
    run.child.kill('SIGTERM')
    const { code, stdout } = await run.result
    const origin = { time: expect.any(Number), source: 'cache', ageMs: 120, from: null, to: null }
    expect([
      code,
      stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ]).toEqual([
      143,
      [
        { ...origin, count: 0 },
        { ...origin, count: 1 },
      ],
    ])
  })

  test('counts again and again if it is asked for an exact count', async () => {
    const { address } = await serve()
    const run = startCli(['count', '--watch', '--strong', '--address', address])
    await run.shows('(cache')
    expect(server?.counts[0]?.consistency).toBe(Consistency.STRONG)
    run.child.kill('SIGINT')
    await run.result
  })

  test('says why a stopping server ended the stream, once per reason', async () => {
    await using port = await startHttpFixture()
    const run = startCli(['count', '--watch', '--address', port.url])
    await run.shows('  0 (cache')
    await port.http.stop(5_000)
    await run.shows('ECONNREFUSED')
    run.child.kill('SIGINT')
    const { code, stderr } = await run.result
    expect(code).toBe(130)
    expect(stderr).toMatch(/^unavailable: the server is stopping; watch again; retrying\n/)
    expect(stderr.match(/ECONNREFUSED/g)).toHaveLength(1)
  })
})

test('a watch reconnects when no total has come for long, as over a dead connection', async () => {
  const got: string[] = []
  const asked = new AbortController()
  let streams = 0
  const watch: PingClient['watch'] = async function* ({ signal }) {
    yield { count: BigInt(++streams), source: 'cache', ageMs: 1 }
    if (streams === 2) asked.abort()
    await wait(60_000, signal)
    signal?.throwIfAborted()
  }
  const output = { json: false, result: (_: unknown, text: string) => got.push(text.slice(10)), note: (text: string) => got.push(text) }
  const context = { output, interrupt: { asked: asked.signal, exitCode: () => 130 }, timeoutMs: 10_000 }
  const code = await watchTotal({ watch } as Partial<PingClient> as PingClient, context as unknown as Context, 50)
  expect([code, got.slice(0, 4)]).toEqual([
    130,
    ['1 (cache, 1 ms old)', 'deadline_exceeded: got no total for 50 ms; retrying', 'connected again', '2  +1 (cache, 1 ms old)'],
  ])
})
