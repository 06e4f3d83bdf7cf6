import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { eventSettings } from '../../src/events/settings.ts'
import { kafkaConfig, kafkaSettings, topicSettings } from '../../src/kafka/settings.ts'
import { hostOf } from '../../src/kafka/socket-factory.ts'
import { readSettings, SettingsError } from '../../src/runtime/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'ping-test-settings-'))
const file = join(folder, 'file.pem')
writeFileSync(file, 'text')
afterAll(() => rmSync(folder, { recursive: true }))

const configOf = (env: Readonly<Record<string, string>>) =>
  kafkaConfig(readSettings({ ...kafkaSettings, ...eventSettings, ...topicSettings }, env))
function refusalOf(env: Readonly<Record<string, string>>): string {
  try {
    configOf(env)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  return 'none'
}

describe('the address of Kafka', () => {
  test('is this machine, without TLS and authentication, if nothing is set', () => {
    expect(configOf({})).toEqual({ brokers: ['127.0.0.1:9092'] })
    expect(readSettings({ ...kafkaSettings, ...eventSettings, ...topicSettings }, {})).toMatchObject({
      kafkaTopic: 'ping-events',
      kafkaTopicPartitions: 4,
    })
  })

  test('is a list of brokers', () => {
    expect(configOf({ KAFKA_BROKERS: 'a:1, kafka-0.kafka_svc.ns:65535' })).toEqual({ brokers: ['a:1', 'kafka-0.kafka_svc.ns:65535'] })
    const wrong = [
      ['a', 'a:', ':1', 'a:1,,b:2', 'a:1,', 'a:1;b:2', 'a b:1', 'a :1', ' '],
      ['a:0', 'a:65536', 'a:70000', 'a:-1', 'a:1e3', 'a:0x1', 'a:1:2'],
      ['kafka://a:1', 'PLAINTEXT://a:1', 'a:1/', 'user@a:1', '-a:1'],
      ['::1:9092', '[::1]', '[]:1', '[1.2.3.4]:1', '[a]:1', '[::1%]:1', '[::g]:1'],
    ].flat()
    for (const brokers of wrong) expect(refusalOf({ KAFKA_BROKERS: brokers })).toMatch(/^KAFKA_BROKERS: got .*expected host:port/)
  })

  test('may be an IPv6 address, which kafkajs itself cuts at the first colon', () => {
    for (const host of ['::1', '2001:db8::7', '::ffff:127.0.0.1', 'fe80::1%eth0']) {
      const [broker = ''] = configOf({ KAFKA_BROKERS: `[${host}]:9092` }).brokers as string[]
      const [given = '', port, ...more] = broker.split(':')
      expect({ host: hostOf(given), port, more }).toEqual({ host, port: '9092', more: [] })
    }
    expect(hostOf('kafka.example')).toBe('kafka.example')
  })

  test.each(['.', '..', 'a b', 'a/b', 'x'.repeat(238)])('allows no topic %j', topic => {
    expect(refusalOf({ KAFKA_TOPIC: topic })).toMatch(/^KAFKA_TOPIC: got /)
  })

  test('requires at least one partition and one replica', () => {
    expect(refusalOf({ KAFKA_TOPIC_PARTITIONS: '0' })).toMatch(/^KAFKA_TOPIC_PARTITIONS: got "0"/)
    expect(refusalOf({ KAFKA_TOPIC_REPLICATION: '-2' })).toMatch(/^KAFKA_TOPIC_REPLICATION: got "-2"/)
    expect(refusalOf({ KAFKA_TOPIC_REPLICATION: '0' })).toMatch(/^KAFKA_TOPIC_REPLICATION: got "0"/)
  })
})

describe('TLS and authentication for Kafka', () => {
  test('use the files and the mechanism that are set', () => {
    const tls = { KAFKA_TLS: 'true', KAFKA_CA_FILE: file, KAFKA_CERT_FILE: file, KAFKA_KEY_FILE: file }
    const login = { KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_USERNAME: 'u', KAFKA_PASSWORD: 'p' }
    expect(configOf({ ...tls, ...login })).toEqual({
      brokers: ['127.0.0.1:9092'],
      ssl: { ca: 'text', cert: 'text', key: 'text' },
      sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
    })
    expect(configOf({ KAFKA_TLS: 'true' }).ssl).toEqual({})
  })

  test.each<[Readonly<Record<string, string>>, RegExp]>([
    [{ KAFKA_CA_FILE: file }, /^KAFKA_TLS: got false together with KAFKA_CA_FILE/],
    [{ KAFKA_KEY_FILE: file }, /^KAFKA_TLS: got false together/],
    [{ KAFKA_TLS: 'true', KAFKA_CERT_FILE: file }, /^KAFKA_CERT_FILE, KAFKA_KEY_FILE: got one of them/],
    [{ KAFKA_TLS: 'true', KAFKA_CA_FILE: '/nowhere' }, /^KAFKA_CA_FILE: got "\/nowhere", expected a file that can be read/],
    [{ KAFKA_TLS: 'yes' }, /^KAFKA_TLS: got "yes", expected true or false/],
    [{ KAFKA_SASL_MECHANISM: 'gssapi' }, /^KAFKA_SASL_MECHANISM: got "gssapi", expected one of plain/],
    [{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_USERNAME: 'u' }, /^KAFKA_USERNAME, KAFKA_PASSWORD: expected both/],
    [{ KAFKA_USERNAME: 'u' }, /^KAFKA_SASL_MECHANISM: got none together with KAFKA_USERNAME/],
    [{ KAFKA_PASSWORD: 'geheim' }, /^KAFKA_SASL_MECHANISM: got none together/],
  ])('are refused if they contradict each other: %j', (env, message) => {
    const refusal = refusalOf(env)
    expect(refusal).toMatch(message)
    expect(refusal).not.toContain('geheim')
  })
})
