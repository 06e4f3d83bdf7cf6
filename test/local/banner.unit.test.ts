import { describe, expect, test } from 'vitest'
import { banner, type StateOf } from '../../local/banner.ts'
import type { Address } from '../../local/parts/ping-parts.ts'
import { localSettings } from '../../local/settings.ts'
import { readSettings } from '../../src/runtime/settings.ts'

const ready: StateOf = () => 'ready'

function print(options: { ports?: Record<string, string>; cache?: string; stateOf?: StateOf; dataDir?: string }): string {
  const settings = readSettings(localSettings, options.ports ?? {})
  const addresses: readonly Address[] = [
    { name: 'postgres', address: `postgres://ping@127.0.0.1:${settings.postgresPort}/ping` },
    { name: 'cache', address: options.cache ?? `redis://127.0.0.1:${settings.redisPort}` },
    { name: 'kafka', address: '127.0.0.1:9092', kind: "Ping's own broker" },
  ]
  return banner(settings, options.dataDir ?? '/clone/.ping', addresses, options.stateOf ?? ready)
}

describe('what npm start prints when Ping is ready', () => {
  test("has short lines if everything is at pingcli's defaults", () => {
    expect(print({})).toContain(
      '\n  npx pingcli count\n  npx pingcli verify\n  PGPASSFILE=/clone/.ping/pgpass psql postgres://ping@127.0.0.1:5432/ping\n',
    )
    expect(print({})).toContain("\n  kafka      127.0.0.1:9092  (Ping's own broker)\n")
  })

  test('passes every address that is not the default to verify', () => {
    expect(print({ ports: { REDIS_PORT: '7003' } })).toContain(
      '\n  npx pingcli count\n  REDIS_URL=redis://127.0.0.1:7003 npx pingcli verify\n',
    )
    expect(print({ ports: { PORT: '7001', POSTGRES_PORT: '7002', REDIS_PORT: '7003' } })).toContain(
      '\n  PING_ADDRESS=http://127.0.0.1:7001 npx pingcli count' +
        '\n  REDIS_URL=redis://127.0.0.1:7003 PING_ADDRESS=http://127.0.0.1:7001 npx pingcli verify\n  PGPASSFILE=/clone/.ping/pgpass psql postgres://ping@127.0.0.1:7002/ping\n',
    )
  })

  test('passes another data folder to verify and psql, no matter what its name is', () => {
    expect(print({ ports: { PING_DATA_DIR: 'my data' }, dataDir: "/o'neill/my data" })).toContain(
      "\n  PING_DATA_DIR='/o'\\''neill/my data' npx pingcli verify\n  PGPASSFILE='/o'\\''neill/my data/pgpass' psql postgres://",
    )
  })

  test('quotes characters that a shell reads as a pattern', () => {
    expect(print({ ports: { HOST: '::1' } })).toContain("-d '{}' 'http://[::1]:8080/ping.v1.PingService/PingCount'\n")
  })

  test("says what to replace with the password of the user's own cache", () => {
    expect(print({ cache: 'redis://:***@127.0.0.1:6379' })).toContain(
      "\n  redis-cli -u 'redis://:***@127.0.0.1:6379' HGETALL ping:counters\nReplace *** with the password of your cache.\n",
    )
    expect(print({})).not.toContain('***')
  })

  test('marks a part that has just exited', () => {
    expect(print({ stateOf: name => (name === 'kafka' ? 'starting' : 'ready') })).toContain(
      "\n  kafka      127.0.0.1:9092  (Ping's own broker)  (starting)\n",
    )
  })
})
