import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { acceptedKeys } from '../../../broker/config/accepted-keys.ts'
import { readConfig, type ConfigOptions } from '../../../broker/config/read-config.ts'
import { SettingsError } from '../../../src/runtime/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'ping-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileWith(text: string): string {
  const file = join(folder, 'server.properties')
  writeFileSync(file, text)
  return file
}

/** The lines of the error. */
function wrongIn(options: ConfigOptions): readonly string[] {
  try {
    readConfig({ options })
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as SettingsError).message.split('\n')
  }
}

describe('a broker without any configuration', () => {
  test('listens on 127.0.0.1:9092 and keeps its data in .ping/broker', () => {
    const { listeners, dataFolder, nodeId, storage, numPartitions, groupInitialRebalanceDelayMs } = readConfig({})
    expect(listeners).toEqual([{ name: 'PLAINTEXT', hosts: ['127.0.0.1'], port: 9092, advertised: { host: '127.0.0.1', port: 9092 } }])
    expect({ dataFolder, nodeId, storage, numPartitions, groupInitialRebalanceDelayMs }).toEqual({
      dataFolder: resolve('.ping/broker'),
      nodeId: 1,
      storage: 'disk',
      numPartitions: 1,
      groupInitialRebalanceDelayMs: 0,
    })
  })
})

describe('the sources of a configuration', () => {
  test('override each other: options the file, overrides the options, and the last override the others', () => {
    const file = fileWith('num.partitions=2\nmessage.max.bytes=1000\nfetch.max.bytes=2000\nlog.segment.bytes=3000')
    const options = { 'message.max.bytes': 1001, 'fetch.max.bytes': '2001', 'log.segment.bytes': 3001n, 'log.level': undefined }
    const overrides = ['fetch.max.bytes=2002', 'log.segment.bytes=3002', 'log.segment.bytes = 3003']
    const { numPartitions, messageMaxBytes, fetchMaxBytes, logSegmentBytes, logLevel } = readConfig({ file, options, overrides })
    expect({ numPartitions, messageMaxBytes, fetchMaxBytes, logSegmentBytes, logLevel }).toEqual({
      numPartitions: 2,
      messageMaxBytes: 1001,
      fetchMaxBytes: 2002,
      logSegmentBytes: 3003,
      logLevel: 'info',
    })
  })

  test('are named, with the line, when a value is wrong', () => {
    const file = fileWith('# comment\nnum.partitions=0')
    expect(() => readConfig({ file })).toThrow(`num.partitions (${file}:2): got "0", expected an integer from 1 to 2147483647`)
    expect(() => readConfig({ overrides: ['num.partitions=0'] })).toThrow('num.partitions (--override): got "0"')
    expect(() => readConfig({ options: { 'num.partitions': 0 } })).toThrow('num.partitions: got "0"')
  })

  test('include only a file that can be read and is a valid properties file', () => {
    expect(() => readConfig({ file: join(folder, 'none') })).toThrow(/server\.properties: got ".*none", expected a file that can be read/)
    expect(() => readConfig({ file: folder })).toThrow(SettingsError)
    expect(() => readConfig({ file: fileWith('a=1\nb=\\u1') })).toThrow(/server\.properties: line 2: /)
  })

  test.each([['num.partitions'], ['=3'], [''], ['a b=3']])('reject an override without key=value: %j', override =>
    expect(() => readConfig({ overrides: [override] })).toThrow(`--override: got ${JSON.stringify(override)}, expected key=value`),
  )

  test('accept = in the value of an override, and lists in options', () => {
    expect(readConfig({ overrides: ['log.dirs=/data/a=b'] }).dataFolder).toBe('/data/a=b')
    expect(readConfig({ options: { 'log.cleanup.policy': ['compact', 'delete'] } }).logCleanupPolicy).toEqual(['compact', 'delete'])
  })
})

describe('the value of a key', () => {
  test.each([
    ['num.partitions', 'three', 'an integer from 1 to 2147483647'],
    ['num.partitions', '1.5', 'an integer from 1 to 2147483647'],
    ['num.partitions', '', 'an integer from 1 to 2147483647'],
    ['num.partitions', '2147483648', 'an integer from 1 to 2147483647'],
    ['log.segment.bytes', '13', 'an integer (bytes) from 14 to 2147483647'],
    ['log.retention.ms', '0', 'an integer (milliseconds) from 1, or -1 for no limit'],
    ['log.retention.ms', '9223372036854775808', 'an integer (milliseconds) from 1, or -1 for no limit'],
    ['log.retention.minutes', '-2', 'an integer (minutes) from 1, or -1 for no limit'],
    ['log.roll.hours', '0', 'an integer (hours) from 1 to 2147483647'],
    ['node.id', '-1', 'an integer from 0 to 2147483647'],
    ['auto.create.topics.enable', 'yes', 'true or false'],
    ['log.message.timestamp.type', 'createtime', 'one of CreateTime, LogAppendTime'],
    ['log.cleanup.policy', 'delete,shrink', 'delete, compact or both'],
    ['log.cleanup.policy', '', 'delete, compact or both'],
    ['line.console.port', '65536', 'an integer from 0 to 65535'],
    ['line.console.topic', '../x', 'a topic name'],
    ['line.console.topic', '..', 'a topic name'],
    ['status.host', 'a b', 'a host name or an address'],
    ['storage', 'tape', 'one of disk, memory'],
    ['log.level', 'loud', 'one of trace, debug, info, warn, error, fatal, silent'],
    ['log.dirs', '/a,/b', 'the path of one folder'],
    ['log.dirs', '', 'the path of one folder'],
  ])('is refused with what was expected: %s=%j', (name, text, expected) => {
    const wrong = wrongIn({ [name]: text })
    expect(wrong).toHaveLength(1)
    expect(wrong[0]?.startsWith(`${name}: got ${JSON.stringify(text)}, expected ${expected}`), wrong[0]).toBe(true)
  })

  test('may have space around it, and a boolean may be in any case', () => {
    const { numPartitions, mayDeleteTopics } = readConfig({ file: fileWith('num.partitions = +3  \ndelete.topic.enable=FALSE ') })
    expect({ numPartitions, mayDeleteTopics }).toEqual({ numPartitions: 3, mayDeleteTopics: false })
  })

  test('is reduced to the maximum of a timer if it is the delay of a timer', () => {
    expect(readConfig({ options: { 'log.retention.check.interval.ms': '9223372036854775807' } }).logRetentionCheckMs).toBe(2 ** 31 - 1)
    expect(readConfig({ options: { 'connections.max.idle.ms': '-1' } }).connectionsMaxIdleMs).toBe(-1)
  })

  test('is reported together with all other wrong values', () => {
    expect(wrongIn({ 'num.partitions': 0, 'log.dirs': '', 'some.thing': 1, 'ssl.protocol': 'x' }).map(line => line.split(':')[0])).toEqual([
      'num.partitions',
      'log.dirs',
      'some.thing',
      'ssl.protocol',
    ])
  })
})

describe('the node id', () => {
  test('may be given by its older name, broker.id', () => expect(readConfig({ options: { 'broker.id': 7 } }).nodeId).toBe(7))
  test('may be given by both names if they are equal', () =>
    expect(readConfig({ options: { 'broker.id': 7, 'node.id': 7 } }).nodeId).toBe(7))
  test('may not be given by both names if they differ', () =>
    expect(wrongIn({ 'broker.id': 7, 'node.id': 1 })).toEqual(['broker.id: got 7, expected the value of node.id, 1']))
})

describe('the session timeouts of groups', () => {
  test('need a minimum that is not above the maximum', () =>
    expect(wrongIn({ 'group.min.session.timeout.ms': 11, 'group.max.session.timeout.ms': 10 })).toEqual([
      'group.min.session.timeout.ms: got 11, expected at most group.max.session.timeout.ms, 10',
    ]))
})

describe('an unknown key', () => {
  test.each([
    ['log.retention.mss', 'log.retention.ms'],
    ['log.retenton.hours', 'log.retention.hours'],
    ['LOG_RETENTION_HOURS', 'log.retention.hours'],
    ['numPartitions', 'num.partitions'],
    ['auto.create.topic.enable', 'auto.create.topics.enable'],
    ['listener', 'listeners'],
    ['line-console-port', 'line.console.port'],
  ])('is refused with a suggestion: %s, %s', (name, nearest) =>
    expect(wrongIn({ [name]: 'x' })).toEqual([`${name}: got an unknown key, expected perhaps ${nearest}`]),
  )

  test('is refused without a suggestion if no known key is close', () =>
    expect(wrongIn({ 'zz.top': 1 })).toEqual(['zz.top: got an unknown key, expected one of docs/broker.md']))

  test('is refused with the broker key if it is a topic key', () =>
    expect(wrongIn({ 'retention.ms': 1 })).toEqual(['retention.ms: got a topic key, expected the broker key log.retention.ms']))

  test('is reported without its value, which may be a secret', () =>
    expect(wrongIn({ 'sasl.jaas.confg': 'hunter2', 'some.password': 'hunter2' }).join()).not.toContain('hunter2'))
})

describe('a key for something that this broker does not have', () => {
  test.each([
    ['ssl.keystore.location', /no TLS/],
    ['sasl.enabled.mechanisms', /no authentication/],
    ['listener.name.internal.ssl.key.password', /single listener/],
    ['authorizer.class.name', /no authorization/],
    ['zookeeper.connect', /no ZooKeeper/],
    ['remote.log.manager.task.interval.ms', /no tiered storage/],
    ['quota.window.num', /no quotas/],
    ['client.quota.callback.class', /no quotas/],
    ['max.connections.per.ip', /max\.connections/],
    ['log.flush.interval.ms', /log\.flush\.interval\.messages=1/],
    ['create.topic.policy.class.name', /Java classes/],
    ['group.share.max.size', /share groups/],
  ])('is refused with the reason: %s', (name, reason) => {
    const wrong = wrongIn({ [name]: '1' })
    expect(wrong).toHaveLength(1)
    expect(wrong[0]).toMatch(new RegExp(`^${name}: not supported: .*${reason.source}`))
  })

  test.each([
    ['default.replication.factor', '3', 'one node'],
    ['offsets.topic.replication.factor', '3', 'one node'],
    ['transaction.state.log.min.isr', '2', 'one node'],
    ['min.insync.replicas', '2', 'one node'],
    ['controller.quorum.voters', '1@a:9093,2@b:9093', 'one node'],
    ['controller.quorum.bootstrap.servers', 'a:9093,b:9093', 'one node'],
    ['process.roles', 'controller', 'broker, or broker and controller'],
    ['remote.log.storage.system.enable', 'true', 'false: all records lie on this machine'],
    ['security.inter.broker.protocol', 'SSL', 'PLAINTEXT'],
    ['group.coordinator.rebalance.protocols', 'consumer', 'include classic'],
  ])('is refused only with a value that asks for it: %s=%s', (name, text, expected) => {
    const wrong = wrongIn({ [name]: text })
    expect(wrong).toHaveLength(1)
    expect(wrong[0]).toMatch(new RegExp(`^${name}: got ${JSON.stringify(text)}, expected .*${expected}`))
  })
})

describe('keys without effect', () => {
  test.each([
    ['num.network.threads', 'three', 'an integer from -2147483648 to 2147483647'],
    ['num.network.threads', '2147483648', 'an integer from -2147483648 to 2147483647'],
    ['queued.max.request.bytes', '', 'an integer (bytes) from -9223372036854775808 to 9223372036854775807'],
    ['offsets.topic.replication.factor', '32769', '1, since there is one node'],
    ['log.cleaner.min.cleanable.ratio', 'half', 'a number'],
    ['log.cleaner.enable', 'yes', 'true or false'],
  ])('are refused when the value is of another type: %s=%j', (name, text, expected) =>
    expect(wrongIn({ [name]: text })).toEqual([`${name}: got ${JSON.stringify(text)}, expected ${expected}`]),
  )

  test.each([
    ['num.network.threads', '0'],
    ['log.cleaner.min.cleanable.ratio', '1.5'],
    ['compression.type', 'brotli'],
  ])('are accepted with any value of their type: %s=%s', (name, text) => expect(wrongIn({ [name]: text })).toEqual([]))

  test("are accepted with Kafka's defaults for one node", () => {
    const options = Object.fromEntries(acceptedKeys.map(({ name, fallback }) => [name, fallback]))
    expect(acceptedKeys.length).toBeGreaterThan(100)
    expect(wrongIn(options)).toEqual([])
  })

  test("and supported keys cover Kafka's server.properties for a KRaft node", () => {
    const file = fileWith(`
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=${folder}/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
#log.flush.interval.messages=10000
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
`)
    const { listeners, dataFolder } = readConfig({ file })
    expect(dataFolder).toBe(`${folder}/kraft-combined-logs`)
    expect(listeners).toEqual([{ name: 'PLAINTEXT', hosts: [undefined], port: 9092, advertised: { host: 'localhost', port: 9092 } }])
  })
})
