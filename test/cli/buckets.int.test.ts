import { Code } from '@connectrpc/connect'
import { afterEach, describe, expect, test } from 'vitest'
import { PROTOCOLS, type Protocol } from '../../src/cli/client/connect-to.ts'
import { BucketUnit, Consistency } from '../../src/gen/ping/v1/ping_pb.ts'
import { callCli, PATIENT, runCli } from './run-cli.ts'
import { startScriptedServer, type ScriptedServer, type Step } from './scripted-server.ts'

const START = BigInt(Date.UTC(2026, 9, 25))
const HOUR_MS = 3_600_000n
const BUCKETS = [
  { start: START, pingCount: 3n },
  { start: START + HOUR_MS, pingCount: 2n ** 63n - 4n },
]
const RANGE = ['--from', '2026-10-25', '--to', '2026-10-25T02:00Z']

let server: ScriptedServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

async function serve(protocol: Protocol = 'connect', script: readonly Step[] = []): Promise<ScriptedServer> {
  server = await startScriptedServer(protocol, script, { buckets: BUCKETS })
  return server
}

describe.each(PROTOCOLS)('pingcli buckets over %s', protocol => {
  test('asks for the range by unit and zone, retries if the reply is lost, and prints a table with bars', async () => {
    const { address, bucketLists } = await serve(protocol, ['lose reply', { code: Code.Unavailable }])
    const args = ['buckets', '--zone', 'Europe/Berlin', ...RANGE, '--protocol', protocol, '--address', address, '--timeout', PATIENT]
    const { code, stdout, stderr } = await runCli(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      'hour                                         pings',
      '2026-10-25 02:00 +02:00                          3  ▏',
      `2026-10-25 02:00 +01:00  9 223 372 036 854 775 804  ${'█'.repeat(27)}`,
      '2 hours of Europe/Berlin, from 2026-10-25 02:00 +02:00 to 2026-10-25 03:00',
      '9 223 372 036 854 775 807 pings (database, 3 ms old)',
      '',
    ])
    expect(bucketLists).toHaveLength(3)
    expect(bucketLists[2]).toMatchObject({
      timeRange: { start: START, end: START + 2n * HOUR_MS },
      unit: BucketUnit.HOUR,
      timeZone: 'Europe/Berlin',
      consistency: Consistency.UNSPECIFIED,
    })
  })
})

describe('pingcli buckets', () => {
  test('prints one JSON document a bucket, with all digits', async () => {
    const { address } = await serve()
    const { stdout } = await runCli(['buckets', '--json', '--zone', 'Europe/Berlin', ...RANGE, '--address', address])
    expect(stdout.split('\n')).toEqual([
      '{"start":1792886400000,"time":"2026-10-25T02:00:00+02:00","count":3,"source":"database","ageMs":3}',
      '{"start":1792890000000,"time":"2026-10-25T02:00:00+01:00","count":9223372036854775804,"source":"database","ageMs":3}',
      '',
    ])
  })

  test('asks for the last 24 hours of UTC if nothing else is given', async () => {
    const { address, bucketLists } = await serve()
    const before = BigInt(Date.now())
    await runCli(['buckets', '--address', address])
    const [{ timeRange, unit, timeZone } = {}] = bucketLists
    expect([unit, timeZone]).toEqual([BucketUnit.HOUR, 'UTC'])
    expect(timeRange!.end - timeRange!.start).toBe(24n * HOUR_MS)
    expect(timeRange!.end % HOUR_MS).toBe(0n)
    expect(timeRange!.end > before && timeRange!.start <= before).toBe(true)
  })

  test.each([
    ['minute', BucketUnit.MINUTE],
    ['day', BucketUnit.DAY],
    ['week', BucketUnit.WEEK],
    ['month', BucketUnit.MONTH],
  ])('asks for %ss, and for strong counts', async (unit, sent) => {
    const { address, bucketLists } = await serve()
    await callCli(['buckets', '--unit', unit, '--strong', '--address', address])
    expect(bucketLists[0]).toMatchObject({ unit: sent, consistency: Consistency.STRONG })
  })

  test.each<[string, Record<string, string>]>([
    ['the locale is not UTF-8', { LANG: 'C' }],
    ['LC_ALL is POSIX', { LC_ALL: 'POSIX' }],
    ['the terminal is dumb', { TERM: 'dumb' }],
  ])('prints only ASCII if %s', async (_, env) => {
    const { address } = await serve()
    const { stdout } = await callCli(['buckets', ...RANGE, '--address', address], env)
    expect(stdout).toContain(`  ${'#'.repeat(34)}\n`)
    expect([...stdout].filter(character => character > '~')).toEqual([])
  })

  test('prints no escape sequences into a pipe', async () => {
    const { address } = await serve()
    const { stdout } = await runCli(['buckets', ...RANGE, '--address', address])
    expect(stdout).toContain('█')
    expect(stdout).not.toContain('\u001B')
  })

  test('reports what a server refuses', async () => {
    const { address } = await serve('connect', [{ code: Code.InvalidArgument }])
    expect(await callCli(['buckets', '--address', address])).toEqual({
      code: 4,
      stdout: '',
      stderr: 'error: refused: invalid_argument: scripted InvalidArgument\n',
    })
  })
})
