import { Code } from '@connectrpc/connect'
import { afterEach, describe, expect, test } from 'vitest'
import { PROTOCOLS, type Protocol } from '../../src/cli/client/connect-to.ts'
import { Consistency } from '../../src/gen/ping/v1/ping_pb.ts'
import { runCli, startCli } from './run-cli.ts'
import { startScriptedServer, type ScriptedServer, type Step } from './scripted-server.ts'

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
    const { code, stdout } = await runCli(['count', '--protocol', protocol, '--address', address])
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
    const { address, port } = await serve('connect', ['answer', 'answer', ...Array<Step>(30).fill({ code: Code.Unavailable })])
    const run = startCli(['count', '--watch', '--interval', '50ms', '--timeout', '300ms', '--address', address])
    await run.shows('; retrying')
    await server?.stop()
    server = await startScriptedServer('connect', [], { port })
    await runCli(['ping', '-n', '3', '--address', address])
    await run.shows('+3')
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
    await expect.poll(() => server?.counts.length).toBeGreaterThan(2)
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

  test('ends a watch if the server refuses the request', async () => {
    const { address } = await serve('connect', [{ code: Code.Unimplemented }])
    expect(await runCli(['count', '--watch', '--address', address])).toMatchObject({ code: 4 })
  })
})
