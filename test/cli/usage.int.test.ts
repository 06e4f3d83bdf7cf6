import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { callCli, runCliProcess } from './run-cli.ts'

describe('wrong usage of pingcli ends with exit code 2, and with what it got and expected:', () => {
  test.each<[string[], RegExp]>([
    [['ping', '-n', 'x'], /option '-n, --number <count>' argument 'x' is invalid. Got "x", expected an integer from 1 to/],
    [['ping', '-n', '0'], /Got "0", expected an integer from 1/],
    [['ping', '--rate', 'fast'], /option '--rate <rate>' .* Got "fast", expected a rate above 0/],
    [['ping', '--concurrency', '0'], /Got "0", expected an integer from 1 to 4096/],
    [['ping', '--id', 'abc'], /Got "abc", expected a UUID such as/],
    [['ping', '--id', '0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b', '-n', '2'], /names one ping. Got -n 2 with it, expected -n 1/],
    [['ping', '--timestamp', 'yesterday'], /Got "yesterday", expected an ISO 8601 time such as .* from -62135596800000 to 253402300799999/],
    [['ping', '--timestamp', '253402300800000'], /Got "253402300800000", expected/],
    [['ping', '--timeout', '5'], /Got "5", expected a duration with a unit, such as 500ms, 2s/],
    [['ping', '--address', 'localhost:8080'], /Got "localhost:8080", expected an address such as http:\/\//],
    [['ping', '--protocol', 'soap'], /argument 'soap' is invalid. Allowed choices are connect, grpc, grpc-web/],
    [['count', '--from', '2026-02-30'], /Got "2026-02-30", expected an ISO 8601 time/],
    [['count', '--from', '2', '--to', '1'], /Got --from 2 and --to 1 \(ms\), expected --from not after --to/],
    [['count', '--interval', '1ms'], /Got "1ms", expected a duration .* at least 50ms/],
    [['buckets', '--unit', 'year'], /argument 'year' is invalid. Allowed choices are minute, hour, day, week, month/],
    [['buckets', '--zone', 'Mars'], /Got "Mars", expected the IANA name of a time zone, such as Europe\/Berlin or UTC/],
    [['buckets', '--from', '2', '--to', '1'], /Got --from 2 and --to 1 \(ms\), expected --from not after --to/],
    [['buckets', '--from', '9999-01-01'], /Got --from 253370764800000, and the range ends at \d+ \(ms\), expected --from not after --to/],
    [['ping', '--timestmp', '5'], /unknown option '--timestmp'\n.*--timestamp/],
    [['ping', 'extra'], /too many arguments for 'ping'. Expected 0 arguments but got 1/],
    [['png'], /unknown command 'png'\n.*ping/],
    [[], /Usage: pingcli/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await callCli(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test('a wrong setting', async () => {
    const { code, stderr } = await runCliProcess(['ping'], { PING_ADDRESS: 'nowhere' })
    expect(code).toBe(2)
    expect(stderr).toContain('PING_ADDRESS: got "nowhere", expected an address such as http://127.0.0.1:8080')
  })
})

test('pingcli --version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  expect(await runCliProcess(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

describe('pingcli help', () => {
  test('documents the exit codes', async () => {
    const { code, stdout } = await runCliProcess(['--help'])
    expect(code).toBe(0)
    for (const exitCode of [0, 1, 2, 3, 4, 130, 143]) expect(stdout).toMatch(new RegExp(`^  ${exitCode} +\\w`, 'm'))
    expect(stdout).toMatch(
      / 1 +verify found a difference[^]*another rebuild[^]*unexpected[^]* 3 +no answer within --timeout .*Postgres \(verify, rebuild\) or the cache \(rebuild\)/,
    )
  })

  test.each(['ping', 'count', 'buckets', 'verify', 'rebuild', 'rtt'])('of %s shows examples and the shared options', async command => {
    const { code, stdout } = await callCli(['help', command])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples:\\n  pingcli ${command}`))
    expect(stdout).toContain('--timeout <duration>')
  })
})
