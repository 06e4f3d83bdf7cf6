import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callUntilAnswered } from '../../src/cli/client/call-until-answered.ts'
import { PROTOCOLS, type Protocol } from '../../src/cli/client/connect-to.ts'
import { readCredentials, type CredentialSources } from '../../src/cli/client/credentials.ts'
import { createPingClient, type PingClient } from '../../src/cli/client/ping-client.ts'
import { CliError } from '../../src/cli/exit-codes.ts'
import { SettingsError } from '../../src/runtime/settings.ts'
import { startCallersFixture, tokenLine, type CallersFixture } from '../server/callers-fixture.ts'
import { createAuthority, daysFromNow } from '../support/certificates.ts'
import { runCli } from './run-cli.ts'

const authority = createAuthority()
const clients = createAuthority('Clients')
const client = clients.issue({ names: ['client'] })
const TOKEN = 'pingcli-5ec2e7'

let folder: string
let server: CallersFixture
const file = (name: string): string => join(folder, name)
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ping-test-cli-'))
  const texts = {
    ca: authority.cert,
    cert: client.cert,
    key: client.key,
    'other-key': authority.issue().key,
    token: `${TOKEN}\n`,
    'unknown-token': 'nobody',
    empty: '\n',
    'two-tokens': `${TOKEN}\n${TOKEN}\n`,
  }
  for (const [name, text] of Object.entries(texts)) writeFileSync(file(name), text)
  server = await startCallersFixture({ ...authority.issue(), clientCa: clients.cert, tokens: tokenLine('cli', TOKEN, 'ping') })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** The files for everything that the server requires, with some replaced by others; undefined: omitted. */
type Changes = Readonly<Partial<Record<keyof CredentialSources, string | undefined>>>
function sources(changes: Changes): CredentialSources {
  const source = (part: keyof CredentialSources) => {
    const name = part in changes ? changes[part] : part
    return { name: `--${part}-file`, file: name && file(name) }
  }
  return { token: source('token'), ca: source('ca'), cert: source('cert'), key: source('key') }
}

/** The outcome of one command: `ok`, or exit code and message. */
async function outcome(
  protocol: Protocol,
  call: (client: PingClient) => Promise<unknown>,
  changes: Changes = {},
  address = server.url,
): Promise<string> {
  const client = createPingClient({ address, protocol, credentials: readCredentials(sources(changes)) })
  const interrupt = { asked: new AbortController().signal, forced: new AbortController().signal, exitCode: () => undefined }
  try {
    await callUntilAnswered(() => call(client), { timeoutMs: 30_000, interrupt })
    return 'ok'
  } catch (error) {
    return error instanceof CliError ? `${error.exitCode} ${error.message}` : String(error)
  } finally {
    client.close()
  }
}
const ping = (client: PingClient): Promise<void> => client.ping(randomUUID(), undefined, {})
const count = (client: PingClient): Promise<unknown> => client.count({ range: undefined, strong: false }, {})

describe.each(PROTOCOLS)('pingcli over %s, with a server that requires a certificate and a token,', protocol => {
  test('sends both, and trusts the given CA', async () => {
    expect(await outcome(protocol, ping)).toBe('ok')
  })

  test.each<[string, Changes, string]>([
    [
      'no CA',
      { ca: undefined },
      "the server's certificate is not valid; nothing was sent: unable to verify the first certificate. Set the CAs to trust with --ca-file or PING_CA_FILE",
    ],
    [
      'no certificate',
      { cert: undefined, key: undefined },
      'unauthenticated: client certificate: got none, expected one issued by an authority that this server trusts',
    ],
    [
      'no token',
      { token: undefined },
      'unauthenticated: header authorization: got none, expected Bearer and a token that this server knows',
    ],
    [
      'an unknown token',
      { token: 'unknown-token' },
      'unauthenticated: header authorization: got an unknown token, expected Bearer and a token that this server knows',
    ],
    ['a token without the role', {}, 'permission_denied: token cli: got the role ping, expected read'],
  ])('with %s is refused at once', async (_title, changes, message) => {
    expect(await outcome(protocol, count, changes)).toBe(`4 refused: ${message}`)
  })

  test('says that the port speaks TLS if it is called in clear text', async () => {
    const address = server.url.replace('https', 'http')
    expect(await outcome(protocol, ping, {}, address)).toBe(
      '4 refused: got TLS, expected http: nothing was recorded. Is it an https:// address?',
    )
  })

  test('sends nothing to a server whose certificate is for another name or has expired', async () => {
    await using other = await startCallersFixture(authority.issue({ names: ['other.example'] }))
    await using expired = await startCallersFixture(authority.issue({ notAfter: daysFromNow(-0.5) }))
    const prefix = "4 refused: the server's certificate is"
    expect(await outcome(protocol, count, {}, other.url)).toBe(
      `${prefix} for another name; nothing was sent: got DNS:other.example, expected 127.0.0.1`,
    )
    expect(await outcome(protocol, count, {}, expired.url)).toBe(`${prefix} not valid; nothing was sent: certificate has expired`)
    expect([...other.counted, ...expired.counted]).toEqual([])
  })
})

test('pingcli reads the files that its options name, or else its environment', async () => {
  const env = {
    PING_ADDRESS: server.url,
    PING_TOKEN_FILE: file('token'),
    PING_CA_FILE: file('ca'),
    PING_CERT_FILE: file('cert'),
    PING_KEY_FILE: file('key'),
  }
  expect(await runCli(['ping'], env)).toMatchObject({ code: 0, stderr: '' })
  expect(await runCli(['ping', '--token-file', file('unknown-token')], env)).toMatchObject({ code: 4 })
})

describe('pingcli names the option or variable of an unusable file, and shows none of its content:', () => {
  test.each<[Changes, string]>([
    [{ token: 'nowhere' }, '--token-file: got "FOLDER/nowhere", expected a file that can be read'],
    [{ token: 'empty' }, '--token-file: got an empty file, expected one token on one line'],
    [{ token: 'two-tokens' }, '--token-file: got a file that is not a single token, expected one token on one line'],
    [{ token: 'key' }, '--token-file: got a file that is not a single token'],
    [{ ca: 'token' }, '--ca-file: got a file without a certificate, expected one in PEM'],
    [{ ca: 'key' }, '--ca-file: got a file without a certificate'],
    [{ key: undefined }, '--key-file: got none, expected a file, since --cert-file is set'],
    [{ cert: undefined }, '--cert-file: got none, expected a file, since --key-file is set'],
    [{ key: 'other-key' }, '--key-file: got a file that does not match --cert-file, expected its key in PEM'],
    [{ key: 'token' }, '--key-file: got a file that does not match --cert-file, expected its key in PEM'],
    [{ cert: 'key' }, '--cert-file: got a file without a certificate'],
  ])('%j', (changes, message) => {
    const read = () => readCredentials(sources(changes))
    expect(read).toThrow(SettingsError)
    expect(read).toThrow(message.replace('FOLDER', folder))
    expect(read).not.toThrow(TOKEN)
    expect(read).not.toThrow(client.key.split('\n')[1])
  })

  test('pingcli ends with exit code 2', async () => {
    const { code, stdout, stderr } = await runCli(['count'], { PING_TOKEN_FILE: file('two-tokens') })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^error: wrong settings:\nPING_TOKEN_FILE: got a file that is not a single token/)
  })
})

test('pingcli warns before it sends a token in clear text to another machine, but not to this one', async () => {
  await using open = await startCallersFixture({ tokens: tokenLine('cli', TOKEN, 'ping') }, { hosts: ['127.0.0.1'] })
  const token = ['--token-file', file('token')]
  expect(await runCli(['ping', '--address', open.url, ...token])).toMatchObject({ code: 0, stderr: '' })
  const far = await runCli(['count', '--address', 'http://ping.invalid:1', '--timeout', '100ms', ...token])
  expect(far.stderr).toMatch(
    /^warning: the token is sent to http:\/\/ping.invalid:1 in clear text, where others may read it: use an https address\n/,
  )
  expect(far.stderr).not.toContain(TOKEN)
})
