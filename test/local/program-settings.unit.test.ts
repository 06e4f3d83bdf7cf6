import { describe, expect, test } from 'vitest'
import { programSettings } from '../../local/parts/program-settings.ts'
import { readLocalSettings } from '../../local/settings.ts'

const of = (env: Record<string, string>) => {
  const { passed, ignored } = programSettings(readLocalSettings(env), env)
  return { passed: passed.ping, ignored }
}

describe('the settings of the shell that npm start passes to the programs', () => {
  test('are those for tuning, and none of addresses', () => {
    const tuned = { LOG_LEVEL: 'debug', FLUSH_RECORDS: '7', CORS_ORIGINS: 'http://localhost:5173' }
    const foreign = {
      KAFKA_TLS: 'true',
      KAFKA_TOPIC: 'x',
      REDIS_PASSWORD: 'x',
      DB_CA_FILE: '/x',
      LANES: '8',
      PGSSLMODE: 'require',
      NODE_OPTIONS: '--inspect',
      NODE_EXTRA_CA_CERTS: '/x',
    }
    expect(of({ ...tuned, ...foreign, HOST: '::1', PORT: '7000' })).toEqual({
      passed: tuned,
      ignored: ['DB_CA_FILE', 'KAFKA_TLS', 'KAFKA_TOPIC', 'LANES', 'REDIS_PASSWORD'],
    })
  })

  test('include those of traces', () => {
    const traces = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=x',
      OTEL_RESOURCE_ATTRIBUTES: 'service.version=1',
    }
    expect(of(traces)).toEqual({ passed: traces, ignored: [] })
  })

  test('include those of Kafka if the user has their own Kafka', () => {
    const kafka = {
      KAFKA_TLS: 'true',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_USERNAME: 'u',
      KAFKA_PASSWORD: 'p',
      KAFKA_TOPIC: 't',
      KAFKA_GROUP: 'g',
    }
    const { passed, ignored } = of({ KAFKA_BROKERS: 'kafka:9093', ...kafka, NODE_EXTRA_CA_CERTS: '/x', REDIS_PASSWORD: 'x' })
    expect([passed, ignored]).toEqual([{ ...kafka, NODE_EXTRA_CA_CERTS: '/x' }, ['REDIS_PASSWORD']])
  })

  test("include the cache's password if the user has their own cache", () => {
    expect(of({ REDIS_URL: 'rediss://cache:6380', REDIS_PASSWORD: 'x', KAFKA_TLS: 'true' })).toEqual({
      passed: { REDIS_PASSWORD: 'x' },
      ignored: ['KAFKA_TLS'],
    })
  })

  test.each([
    [{ LOG_LEVEL: 'WARNING', MAX_MINUTES: '1' }, /^LOG_LEVEL: got "WARNING", expected .*\nMAX_MINUTES: got "1", expected/],
    [{ KAFKA_BROKERS: 'kafka:9093', KAFKA_CA_FILE: '/none' }, /^KAFKA_TLS: got false together with KAFKA_CA_FILE/],
    [
      { KAFKA_BROKERS: 'kafka:9093', KAFKA_TLS: 'true', KAFKA_CA_FILE: '/none' },
      /^KAFKA_CA_FILE: got "\/none", expected a file that can be read/,
    ],
    [{ REDIS_URL: 'redis://cache:6380', REDIS_CA_FILE: '/none' }, /^REDIS_CA_FILE: got it with redis:/],
    [{ REDIS_URL: 'redis://cache/not-a-number' }, /^REDIS_URL: /],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT: got "localhost:4318", expected http:/],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_SAMPLER_ARG: '0.1' },
      /^OTEL_TRACES_SAMPLER_ARG: got 0.1 with OTEL_TRACES_SAMPLER not set, expected/,
    ],
  ])('are refused by name if they are wrong: %j', (env, message) => {
    expect(() => of(env as Record<string, string>)).toThrow(message)
  })

  test('reach only the programs that have them, and only those that run', () => {
    const env = {
      LOG_LEVEL: 'debug',
      MAX_MINUTES: '1000',
      PONG_MAX_SESSIONS: '7',
      SEMAPHORE_LEASE_MS: '9',
      SEMAPHORE_GROUP: 'x',
      CORS_ORIGINS: '*',
    }
    const both = programSettings(readLocalSettings(env, ['pong', 'semaphore']), env)
    expect(both).toEqual({
      passed: {
        ping: { LOG_LEVEL: 'debug', MAX_MINUTES: '1000', CORS_ORIGINS: '*' },
        pong: { LOG_LEVEL: 'debug', PONG_MAX_SESSIONS: '7' },
        semaphore: { LOG_LEVEL: 'debug', SEMAPHORE_LEASE_MS: '9', CORS_ORIGINS: '*' },
      },
      ignored: ['SEMAPHORE_GROUP'],
    })
    const { passed, ignored } = programSettings(readLocalSettings(env, ['pong']), env)
    expect([passed.semaphore, ignored]).toEqual([{}, ['SEMAPHORE_GROUP', 'SEMAPHORE_LEASE_MS']])
    expect(of(env).ignored).toEqual(['PONG_MAX_SESSIONS', 'SEMAPHORE_GROUP', 'SEMAPHORE_LEASE_MS'])
  })

  test('include the topics and groups of pong and the semaphore if the user has their own Kafka', () => {
    const env = { KAFKA_BROKERS: 'kafka:9093', KAFKA_TLS: 'true', PONG_REQUEST_TOPIC: 'p', SEMAPHORE_GROUP: 'g' }
    const { passed, ignored } = programSettings(readLocalSettings(env, ['pong', 'semaphore']), env)
    expect([passed.pong, passed.semaphore, ignored]).toEqual([
      { KAFKA_TLS: 'true', PONG_REQUEST_TOPIC: 'p' },
      { KAFKA_TLS: 'true', SEMAPHORE_GROUP: 'g' },
      [],
    ])
  })

  test.each([
    [{ PONG_MAX_SESSIONS: '0' }, /^PONG_MAX_SESSIONS: got "0"/],
    [{ SEMAPHORE_MAX_BATCH_SIZE: 'x' }, /^SEMAPHORE_MAX_BATCH_SIZE: got "x"/],
    [{ KAFKA_BROKERS: 'kafka:9093', SEMAPHORE_EVENT_TOPIC: 'command-requests' }, /^SEMAPHORE_\*_TOPIC: /],
  ])('of pong and the semaphore are refused by name if they are wrong, and only if these run: %j', (env, message) => {
    const shell = env as Record<string, string>
    expect(() => programSettings(readLocalSettings(shell, ['pong', 'semaphore']), shell)).toThrow(message)
    expect(() => of(shell)).not.toThrow()
  })

  test('are not checked if they are not passed', () => {
    expect(of({ KAFKA_TLS: 'yes', KAFKA_CA_FILE: '/none', LANES: 'x', DB_PORT: 'x' }).passed).toEqual({})
  })
})
