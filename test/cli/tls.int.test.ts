import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROTOCOLS } from '../../src/cli/client.ts'
import { runCli } from './run-cli.ts'
import { startScriptedServer } from './scripted-server.ts'

describe.each(PROTOCOLS)('pingcli with an https address of a port without TLS, over %s', protocol => {
  it('says so at once, without words of OpenSSL, and tries no further', async () => {
    const server = await startScriptedServer(protocol)
    const address = server.address.replace('http:', 'https:')
    const { code, stdout, stderr } = await runCli(['ping', '--protocol', protocol, '--address', address, '--timeout', '1m'])
    await server.stop()
    expect({ code, stdout, stderr }).toEqual({
      code: 4,
      stdout: '',
      stderr: 'error: refused: expected https, got no TLS: nothing was sent. Is it an http:// address?\n',
    })
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.warn('skipped: no certificate without `openssl`')

describe.runIf(hasOpenssl).each(PROTOCOLS)('pingcli with an https address, over %s', protocol => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ping-test-tls-'))
    const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ping -addext subjectAltName=IP:127.0.0.1'
    spawnSync('openssl', [...args.split(' '), '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')])
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const start = () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map(file => readFileSync(join(folder, file), 'utf8'))
    return startScriptedServer(protocol, ['lose reply'], { tls: { key: key ?? '', cert: cert ?? '' } })
  }

  it('talks to a server whose CA it is told by NODE_EXTRA_CA_CERTS', async () => {
    const server = await start()
    const args = ['ping', '--protocol', protocol, '--address', server.address]
    const { code, stderr } = await runCli(args, { NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') })
    await server.stop()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(server.recorded.size).toBe(1)
    expect(server.pings).toHaveLength(2)
  })

  it('does not talk to one whose certificate it does not trust', async () => {
    const server = await start()
    const { code, stderr } = await runCli(['ping', '--protocol', protocol, '--address', server.address, '--timeout', '2s'])
    await server.stop()
    expect(code).toBe(4)
    expect(stderr).toContain("error: refused: the server's certificate is not valid, nothing was sent: self-signed certificate. --ca-file or PING_CA_FILE names")
    expect(server.pings).toHaveLength(0)
  })
})
