import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority } from '../support/certificates.ts'
import { can, grpcurlCommand } from '../support/tiers.ts'
import { startCallersFixture, tokenLine, type CallersFixture } from './callers-fixture.ts'
import { run } from './http-fixture.ts'

const PING = 'ping.v1.PingService/Ping'
const COUNT = 'ping.v1.PingService/PingCount'
/** grpcurl exits with 64 plus the gRPC status. */
const EXIT = { unauthenticated: 80, permissionDenied: 71 } as const

describe.runIf(can('grpcurl'))('grpcurl, with a server that asks for certificate and token', () => {
  const authority = createAuthority()
  const client = createAuthority('Clients')
  let fixture: CallersFixture

  beforeAll(async () => {
    const tokens = tokenLine('full', 'full-token', 'ping,read') + tokenLine('reader', 'reader-token', 'read')
    fixture = await startCallersFixture({ ...authority.issue(), clientCa: client.cert, tokens })
    const { cert, key } = client.issue()
    for (const [name, text] of Object.entries({ 'ca.crt': authority.cert, 'client.crt': cert, 'client.key': key }))
      writeFileSync(join(fixture.folder, name), text)
  })
  afterAll(() => fixture[Symbol.asyncDispose]())

  const file = (name: string): string => join(fixture.folder, name)
  const grpcurl = (...args: readonly string[]) => run(grpcurlCommand() ?? '', ['-connect-timeout', '40', ...args])
  const identified = (): string[] => ['-cacert', file('ca.crt'), '-cert', file('client.crt'), '-key', file('client.key')]
  const bearer = (token: string): string[] => ['-H', `authorization: Bearer ${token}`]
  const address = (): string => `127.0.0.1:${fixture.port}`

  test('lists the methods, pings and counts, without a schema', async () => {
    const args = [...identified(), ...bearer('full-token')]
    expect(await grpcurl(...args, address(), 'list', 'ping.v1.PingService')).toMatchObject({
      code: 0,
      stdout: ['ListBuckets', 'Ping', 'PingBatch', 'PingCount', 'PingStream', 'WatchCount']
        .map(name => `ping.v1.PingService.${name}\n`)
        .join(''),
    })
    expect(await grpcurl(...args, '-d', '{"timestampMs":"7"}', address(), PING)).toMatchObject({ code: 0, stdout: '{}\n' })
    expect(fixture.recorded.at(-1)?.timestampMs).toBe(7n)
    expect(JSON.parse((await grpcurl(...args, address(), COUNT)).stdout)).toEqual({ pingCount: '1' })
  })

  test('gets UNAUTHENTICATED without a token and without a certificate, and PERMISSION_DENIED without the role', async () => {
    const proto = ['-import-path', 'proto', '-proto', 'ping/v1/ping.proto']
    const without = await grpcurl(...identified(), ...proto, address(), PING)
    expect([without.code, without.stderr]).toEqual([
      EXIT.unauthenticated,
      expect.stringContaining('header authorization: got none, expected Bearer and a token'),
    ])
    const uncertified = await grpcurl('-cacert', file('ca.crt'), ...bearer('full-token'), ...proto, address(), PING)
    expect([uncertified.code, uncertified.stderr]).toEqual([EXIT.unauthenticated, expect.stringContaining('client certificate: got none')])
    const reader = await grpcurl(...identified(), ...bearer('reader-token'), ...proto, address(), PING)
    expect([reader.code, reader.stderr]).toEqual([
      EXIT.permissionDenied,
      expect.stringContaining('token reader: got the role read, expected ping'),
    ])
  })

  test('reads the health without a token or a certificate', async () => {
    const proto = ['-import-path', 'third-party/proto', '-proto', 'grpc/health/v1/health.proto']
    expect(JSON.parse((await grpcurl('-cacert', file('ca.crt'), ...proto, address(), 'grpc.health.v1.Health/Check')).stdout)).toEqual({
      status: 'SERVING',
    })
  })

  test('does not trust a certificate of another authority', async () => {
    expect((await grpcurl(address(), 'list')).stderr).toContain('certificate signed by unknown authority')
  })
})
