import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PROTOCOLS } from '../../src/cli/client/connect-to.ts'
import { createAuthority, type Identity } from '../support/certificates.ts'
import { PATIENT, runCliProcess, withPatience } from './run-cli.ts'
import { startScriptedServer } from './scripted-server.ts'

describe.each(PROTOCOLS)('pingcli with the https address of a port without TLS, over %s', protocol => {
  test("says so at once, without OpenSSL's text, and does not retry", async () => {
    const server = await startScriptedServer(protocol)
    const address = server.address.replace('http:', 'https:')
    const { code, stdout, stderr } = await runCliProcess(['ping', '--protocol', protocol, '--address', address, '--timeout', '1m'])
    await server.stop()
    expect({ code, stdout, stderr }).toEqual({
      code: 4,
      stdout: '',
      stderr: 'error: refused: got no TLS, expected https: nothing was sent. Is it an http:// address?\n',
    })
  })
})

describe.each(PROTOCOLS)('pingcli with an https address, over %s', protocol => {
  let folder: string
  let tls: Identity
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ping-test-tls-'))
    const authority = createAuthority()
    writeFileSync(join(folder, 'ca.pem'), authority.cert)
    tls = authority.issue()
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const start = () => startScriptedServer(protocol, ['lose reply'], { tls })

  test('trusts a server whose CA is in NODE_EXTRA_CA_CERTS', async () => {
    const server = await start()
    const args = ['ping', '--protocol', protocol, '--address', server.address, '--timeout', PATIENT]
    const { code, stderr } = await runCliProcess(args, { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') })
    await server.stop()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(server.recorded.size).toBe(1)
    expect(server.pings).toHaveLength(2)
  })

  test('sends nothing to a server whose certificate it does not trust', async () => {
    const server = await start()
    const { code, stderr } = await runCliProcess(['ping', '--protocol', protocol, '--address', server.address, '--timeout', PATIENT])
    await server.stop()
    expect(code).toBe(4)
    expect(stderr).toContain(
      "error: refused: the server's certificate is not valid; nothing was sent: unable to verify the first certificate. Set the CAs to trust with --ca-file",
    )
    expect(server.pings).toHaveLength(0)
  })
})

test("pingcli load --stream says that it needs HTTP/2 if an https port speaks only HTTP/1.1, without OpenSSL's text", async () => {
  const server = await startScriptedServer('connect', [], { tls: createAuthority().issue() })
  const { code, stderr } = await withPatience(
    '2s',
    timeout => runCliProcess(['load', '--stream', '-n', '1', '--address', server.address, '--timeout', timeout]),
    each => each.stderr.includes('HTTP/2'),
  )
  await server.stop()
  expect(code).toBe(3)
  expect(stderr).toMatch(/error: no answer within --timeout; .*: got something other than HTTP\/2, which grpc and --stream need/)
  expect(stderr).not.toContain('SSL')
})
