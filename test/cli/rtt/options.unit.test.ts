import { describe, expect, test } from 'vitest'
import { acks, addressees, seconds, topicName } from '../../../src/cli/rtt/option-formats.ts'
import { callCli } from '../run-cli.ts'

describe('a wrong option of pingcli rtt ends with 2, and with what it got and expected', () => {
  test.each<readonly [readonly string[], RegExp]>([
    [['-c', '0'], /option '-c, --count <probes>' argument '0' is invalid. Got "0", expected an integer from 1 to/],
    [['-i', '0'], /option '-i, --interval <seconds>' .* Got "0", expected seconds from 0.001 to 86400, such as 1 or 0.2/],
    [['-i', '1s'], /Got "1s", expected seconds from/],
    [['-W', '-1'], /'-W, --wait <seconds>'/],
    [['-W', 'x'], /Got "x", expected seconds from/],
    [['-s', '10000001'], /option '-s, --size <bytes>' .* Got "10000001", expected an integer from 0 to 10000000/],
    [['--acks', '2'], /option '--acks <acks>' .* Got "2", expected 0, 1 or all/],
    [['--acks', 'constructor'], /Got "constructor", expected 0, 1 or all/],
    [['--partition', 'x'], /Got "x", expected an integer from 0 to/],
    [['--flood', '0'], /option '--flood \[probes\]' .* Got "0", expected an integer from 1 to 4096/],
    [['--topic', 'a b'], /Got "a b", expected up to 249 letters/],
    [['--pong', '--to', 'a,,b'], /Got "a,,b", expected one, all, or 1 to 100 different names of servers, separated by commas/],
    [['--pong', '--to', 'a,a'], /Got "a,a", expected/],
    [['--pong', '--to', 'a,all'], /Got "a,all", expected/],
    [['--to', 'a'], /option '--to <servers>': got it without --pong, expected both or neither/],
    [['--reply-topic', 'a'], /option '--reply-topic <name>': got it without --pong/],
    [['--partition', '1', '--all-partitions'], /option '--partition <number>': got --all-partitions with it, expected one of them/],
    [['--flood', '-i', '1'], /option '-i, --interval <seconds>': got --flood with it, expected one of them/],
    [['--flod'], /unknown option '--flod'\n.*--flood/],
    [['extra'], /too many arguments for 'rtt'. Expected 0 arguments but got 1/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await callCli(['rtt', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test('as does a wrong setting', async () => {
    const { code, stderr } = await callCli(['rtt'], { PONG_REQUEST_TOPIC: 'a b', KAFKA_BROKERS: '127.0.0.1:1' })
    expect(code).toBe(2)
    expect(stderr).toContain('PONG_REQUEST_TOPIC: got "a b", expected up to 249 letters')
    expect((await callCli(['rtt'], { KAFKA_SASL_MECHANISM: 'plain', KAFKA_BROKERS: '127.0.0.1:1' })).stderr).toContain(
      'KAFKA_USERNAME, KAFKA_PASSWORD: expected both',
    )
  })
})

test('pingcli rtt --help explains the measures, the marks and the exit codes, and has examples', async () => {
  const { code, stdout } = await callCli(['rtt', '--help'])
  expect(code).toBe(0)
  for (const text of [
    'Latency: counts from when a probe was due',
    '"late"',
    'Exit codes: 0 all',
    '\n  pingcli rtt --pong -c 10',
    'KAFKA_BROKERS',
  ])
    expect(stdout).toContain(text)
})

test('options become values', () => {
  expect([seconds(0, 10).parse('0.2'), seconds(0, 10).parse('10'), seconds(0, 10).parse('10.1')]).toEqual([200, 10_000, undefined])
  expect(['0', '1', 'all', '-1'].map(acks.parse)).toEqual([0, 1, -1, undefined])
  expect(['one', 'all', 'a', 'a,b'].map(addressees.parse)).toEqual(['one', 'all', ['a'], ['a', 'b']])
  expect(['orders', '..', ''].map(topicName.parse)).toEqual(['orders', undefined, undefined])
})
