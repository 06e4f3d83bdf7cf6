import { describe, expect, test } from 'vitest'
import type { Extra } from '../../local/arguments.ts'
import { banner, type StateOf } from '../../local/banner.ts'
import type { Address } from '../../local/parts/address.ts'
import { extraAddresses } from '../../local/parts/extra-parts.ts'
import { readLocalSettings } from '../../local/settings.ts'

const ready: StateOf = () => 'ready'

function print(options: {
  ports?: Record<string, string>
  cache?: string
  stateOf?: StateOf
  dataDir?: string
  extras?: readonly Extra[]
}): string {
  const settings = readLocalSettings(options.ports ?? {}, options.extras)
  const addresses: readonly Address[] = [
    { name: 'postgres', address: `postgres://ping@127.0.0.1:${settings.postgresPort}/ping` },
    { name: 'cache', address: options.cache ?? `redis://127.0.0.1:${settings.redisPort}` },
    { name: 'kafka', address: `127.0.0.1:${settings.kafkaPort}`, kind: "Ping's own broker" },
    ...extraAddresses(settings),
  ]
  return banner(settings, options.dataDir ?? '/clone/.ping', addresses, options.stateOf ?? ready)
}

describe('what npm start prints when Ping is ready', () => {
  test("has short lines if everything is at pingcli's defaults", () => {
    expect(print({})).toContain(
      '\n  npx pingcli count\n  npx pingcli buckets --unit minute\n  npx pingcli verify\n  PGPASSFILE=/clone/.ping/pgpass psql postgres://ping@127.0.0.1:5432/ping\n',
    )
    expect(print({})).toContain("\n  kafka      127.0.0.1:9092  (Ping's own broker)\n")
  })

  test('passes every address that is not the default to verify', () => {
    expect(print({ ports: { REDIS_PORT: '7003' } })).toContain(
      '\n  npx pingcli buckets --unit minute\n  REDIS_URL=redis://127.0.0.1:7003 npx pingcli verify\n',
    )
    expect(print({ ports: { PORT: '7001', POSTGRES_PORT: '7002', REDIS_PORT: '7003' } })).toContain(
      '\n  PING_ADDRESS=http://127.0.0.1:7001 npx pingcli buckets --unit minute' +
        '\n  REDIS_URL=redis://127.0.0.1:7003 PING_ADDRESS=http://127.0.0.1:7001 npx pingcli verify\n  PGPASSFILE=/clone/.ping/pgpass psql postgres://ping@127.0.0.1:7002/ping\n',
    )
  })

  test('has the address of the live page, unless that is off', () => {
    expect(print({ ports: { PORT: '7001' } })).toContain('\n\nWatch it in a browser: http://127.0.0.1:7001/\n\nTry it:\n')
    expect(print({ ports: { LIVE_PAGE: 'false' } })).not.toContain('browser')
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

  test('names what can run next to Ping in one line, if nothing does', () => {
    expect(print({})).toMatch(/\n\nTwo more systems .*: npm start -- --with pong,semaphore\nCtrl-C stops everything\.\n$/)
    expect(print({}).match(/pong/g)).toHaveLength(1)
  })

  test('has the addresses of what runs next to Ping, and lines to copy for each', () => {
    const both = print({ extras: ['pong', 'semaphore'] })
    expect(both).toContain('\n  pong       http://127.0.0.1:8083/metrics\n  semaphore  http://127.0.0.1:8082\n')
    expect(both).toContain(
      '\nTry the round trip:\n  npx pingcli rtt --pong -c 10\n' +
        "\nTry the semaphore:\n  curl --location --request POST http://127.0.0.1:8082/command --header 'Content-Type: text/plain' --data-raw 'This is a message.'" +
        "\n  printf 'c@actionable-commands\\nq\\n' | nc 127.0.0.1 9090\n  npx pingcli semaphore resources\n\nCtrl-C",
    )
    expect(print({ extras: ['pong'], ports: { KAFKA_PORT: '7004' } })).toContain('\n  KAFKA_BROKERS=127.0.0.1:7004 npx pingcli rtt --pong')
    const elsewhere = print({ extras: ['semaphore'], ports: { SEMAPHORE_PORT: '7005', CONSOLE_PORT: '7006' } })
    expect(elsewhere).toContain('http://127.0.0.1:7005/command')
    expect(elsewhere).toContain('| nc 127.0.0.1 7006\n  SEMAPHORE_ADDRESS=http://127.0.0.1:7005 npx pingcli semaphore resources\n')
    expect(elsewhere).not.toMatch(/pong|Two more/)
  })

  test('has no line for the console if the user has their own Kafka, which it is not part of', () => {
    expect(print({ extras: ['semaphore'], ports: { KAFKA_BROKERS: 'kafka:9093' } })).not.toContain('| nc ')
  })

  test('marks a part that has just exited', () => {
    expect(print({ stateOf: name => (name === 'kafka' ? 'starting' : 'ready') })).toContain(
      "\n  kafka      127.0.0.1:9092  (Ping's own broker)  (starting)\n",
    )
  })
})
