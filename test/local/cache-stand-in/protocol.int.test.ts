import { describe, expect, test } from 'vitest'
import { can } from '../../support/tiers.ts'
import { withBoth } from './both.ts'
import type { RespClient } from './resp-client.ts'

describe.runIf(can('redis'))('the cache stand-in answers as Redis does to', () => {
  const both = withBoth()

  // Each ends with QUIT, or with something after which the server disconnects.
  test.each([
    [
      'arrays',
      [
        '*1\r\n!3\r\n',
        '*1\r\n\r\n',
        '*1\r\n$\r\n',
        '*\r\n',
        '*a\r\n',
        '*-5\r\nPING\r\nQUIT\r\n',
        '*0\r\nPING\r\nQUIT\r\n',
        '*1\r\n$4\r\nPINGxx*1\r\n$4\r\nQUIT\r\n',
        '*1\r\n$4\r\nPING\r\n$4\r\nQUIT\r\n',
        '*+1\r\n$4\r\nPING\r\n',
        '*01\r\n',
        '*1\r\n$04\r\nPING\r\n',
        '*1\r\n$-1\r\n',
        '*1\n$4\nPING\nQUIT\r\n',
        '*1\r\n$0\r\n\r\nQUIT\r\n',
        '*2\r\n$4\r\nECHO\r\n$0\r\n\r\nQUIT\r\n',
      ],
    ],
    [
      'typed lines',
      [
        'PING\r\nQUIT\r\nPING\r\n',
        ' PING \r\nQUIT\r\n',
        '\r\n\r\nPING\r\nquit\r\n',
        'ECHO "a\\x41\\n\\q" \r\nQUIT\r\n',
        `ECHO 'a\\'b'\r\nQUIT\r\n`,
        'ECHO "a"b\r\n',
        `ECHO 'a\r\n`,
        'ECHO a"b"\r\nQUIT\r\n',
        'ECHO a"b c"\r\nQUIT\r\n',
        'ECHO ""\r\nQUIT\r\n',
        'ECHO "\\xZZ\\x4"\r\nQUIT\r\n',
        '""\r\nQUIT\r\n',
        'ECHO\ta\r\nQUIT\n',
        'ECHO a\vb\fc\r\nQUIT\n',
        '\x16\x03\x01\r\nQUIT\r\n',
        'ECHO \x80\xff\r\nQUIT\r\n',
        'QUIT a b\r\n',
        'PING\rPING\r\nQUIT\r\n',
        'SELECT 01\r\nSELECT " 1"\r\nQUIT\r\n',
      ],
    ],
    ['HTTP', ['POST / x\r\nPING\r\n', 'host: x\r\nPING\r\n', 'HOST: \r\nPING\r\n', '*1\r\n$4\r\npost\r\nPING\r\n']],
  ])('%s', async (_, inputs) => {
    for (const input of inputs) {
      const { redis, standIn } = await both()
      const [expected, got] = await Promise.all([conversation(redis, input), conversation(standIn, input)])
      expect(got, JSON.stringify(input)).toBe(expected)
    }
  })
})

async function conversation(client: RespClient, input: string): Promise<string> {
  client.send(input)
  return (await client.rest()).replace(/\(this is ping-cache-stand-in[^)]*\)/, '')
}
