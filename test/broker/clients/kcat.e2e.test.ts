import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { uniqueName } from '../../support/kafka.ts'
import { until } from '../../support/programs.ts'
import { can } from '../../support/tiers.ts'
import { onBothBrokers, type Target } from '../targets.ts'
import { makeTopic } from './make-topic.ts'
import { CODECS } from './sample-records.ts'
import { startProgram } from './scenarios.ts'

/** kcat reports the end of a partition at once instead of after 500 ms, and sends records without collecting them first. */
const QUICK = ['-X', 'fetch.wait.max.ms=10', '-X', 'linger.ms=0'] as const

/** As kcat prints a record with -J. */
interface Printed {
  readonly partition: number
  readonly offset: number
  readonly ts: number
  readonly key: string | null
  readonly payload: string | null
  readonly headers?: readonly string[]
}

describe.runIf(can('kcat'))('kcat', () => {
  onBothBrokers(target => {
    const kcat = (args: readonly string[], input = '') => run(['-b', target.brokers, ...QUICK, ...args], input)

    test.each(CODECS)('returns records unchanged and in order (%s)', async codec => {
      const topic = await newTopic(target, 1)
      const lines = [
        'a:first',
        ':empty key',
        'b:',
        'schlüssel:Größe 🦆',
        `long:${'again and '.repeat(2_000)}`,
        ...Array.from({ length: 20 }, (_, index) => `k${index}:v${index}`),
      ]
      await kcat(['-P', '-t', topic, '-K', ':', '-z', codec, '-H', 'trace=abc-123', '-H', 'other=ü'], lines.join('\n'))
      const read = await consumed(target, topic)
      expect(read.map(({ key, payload }) => `${key}:${payload}`)).toEqual(lines)
      expect(read.map(({ offset }) => offset)).toEqual(lines.map((_, index) => index))
      expect(read.every(({ headers }) => headers?.join(' ') === 'trace abc-123 other ü')).toBe(true)
      expect(read.every(({ ts }) => Math.abs(ts - Date.now()) < 60_000)).toBe(true)
    })

    test('returns null for a missing key and a missing value', async () => {
      const topic = await newTopic(target, 1)
      await kcat(['-P', '-t', topic, '-K', ':', '-Z'], ':\nk:\n:v')
      expect((await consumed(target, topic)).map(({ key, payload }) => [key, payload])).toEqual([
        [null, null],
        ['k', null],
        [null, 'v'],
      ])
    })

    test('keeps the order of an idempotent producer in every partition', async () => {
      const topic = await newTopic(target, 3)
      const numbers = Array.from({ length: 2_000 }, (_, index) => index)
      await kcat(
        ['-P', '-t', topic, '-X', 'enable.idempotence=true', '-X', 'sticky.partitioning.linger.ms=0', '-X', 'batch.num.messages=50'],
        numbers.join('\n'),
      )
      const read = await consumed(target, topic)
      expect(read.map(({ payload }) => Number(payload)).toSorted((a, b) => a - b)).toEqual(numbers)
      for (const partition of [0, 1, 2]) {
        const own = read.filter(each => each.partition === partition).map(({ payload }) => Number(payload))
        expect(own.length).toBeGreaterThan(0)
        expect(own).toEqual(own.toSorted((a, b) => a - b))
      }
    })

    test('reads from an offset, from the end and from a time', async () => {
      const topic = await newTopic(target, 1)
      await kcat(['-P', '-t', topic, '-p', '0'], '0\n1\n2\n3')
      const between = Math.max(...(await consumed(target, topic)).map(({ ts }) => ts)) + 1
      await until('the clock has gone on', () => Date.now() > between)
      await kcat(['-P', '-t', topic, '-p', '0'], '4\n5')
      const values = async (...args: readonly string[]) =>
        (await kcat(['-C', '-q', '-e', '-t', topic, '-p', '0', ...args])).trim().split('\n')
      expect(await values('-o', '2', '-c', '2')).toEqual(['2', '3'])
      expect(await values('-o', '-3')).toEqual(['3', '4', '5'])
      expect(await values('-o', `s@${between}`)).toEqual(['4', '5'])
      expect(await kcat(['-Q', '-t', `${topic}:0:${between}`])).toContain(`${topic} [0] offset 4`)
    })

    test('lists the broker and the topic', async () => {
      const topic = await newTopic(target, 2)
      const listed = JSON.parse(await kcat(['-L', '-J', '-t', topic])) as {
        brokers: { id: number; name: string }[]
        controllerid: number
        topics: { topic: string; partitions: { partition: number; leader: number }[] }[]
      }
      expect(listed.brokers).toMatchObject([{ name: target.brokers }])
      const id = listed.brokers[0]?.id
      expect(listed.controllerid).toBe(id)
      expect(listed.topics).toMatchObject([
        {
          topic,
          partitions: [
            { partition: 0, leader: id },
            { partition: 1, leader: id },
          ],
        },
      ])
    })

    test('shares a group: a second member takes half, and gives it back when it leaves', async () => {
      const topic = await newTopic(target, 4)
      const group = uniqueName('group')
      const read: string[] = []
      const first = await member(target, { group, topic, read })
      await until('the first member has all', () => first.assigned().length === 4)
      await kcat(['-P', '-t', topic, '-p', '0'], '0\n1')
      await until('two are read', () => read.length === 2)
      const second = await member(target, { group, topic, read })
      await until('both have half', () => first.assigned().length === 2 && second.assigned().length === 2)
      for (const partition of [0, 1, 2, 3]) await kcat(['-P', '-t', topic, '-p', String(partition)], `${partition}a\n${partition}b`)
      await until('eight more are read', () => read.length === 10)
      await second.stop()
      await until('the first has all again', () => first.assigned().length === 4)
      await kcat(['-P', '-t', topic, '-p', '3'], 'last')
      await until('the last is read', () => read.length === 11)
      await first.stop()
      expect(read.toSorted()).toEqual(['0:0', '0:1', '0:0a', '0:0b', '1:1a', '1:1b', '2:2a', '2:2b', '3:3a', '3:3b', '3:last'].toSorted())
    })

    test('gets an error for a record that is too large', async () => {
      const topic = await newTopic(target, 1)
      await expect(kcat(['-P', '-t', topic, '-X', 'message.max.bytes=3000000'], 'x'.repeat(1_500_000))).rejects.toThrow(
        /Message size too large/,
      )
    })
  })
})

async function member(target: Target, { group, topic, read }: { group: string; topic: string; read: string[] }) {
  let assigned: readonly string[] = []
  const config = ['session.timeout.ms=30000', 'heartbeat.interval.ms=200', 'auto.offset.reset=earliest', 'fetch.wait.max.ms=50'].flatMap(
    each => ['-X', each],
  )
  const child = await startProgram({
    name: 'kcat -G',
    command: 'kcat',
    args: ['-b', target.brokers, '-G', group, ...config, '-u', '-f', '%p:%s\n', topic],
    onLine: line => {
      const rebalance = /^% Group .* rebalanced .*: (assigned|revoked)/.exec(line)
      if (rebalance) assigned = rebalance[1] === 'assigned' ? (line.match(/\[\d+\]/g) ?? []) : []
      else if (!line.startsWith('%')) read.push(line)
    },
  })
  return { assigned: () => assigned, stop: () => child.stop() }
}

/** All records of a topic; in order within a partition. */
async function consumed(target: Target, topic: string): Promise<readonly Printed[]> {
  const lines = await run(['-b', target.brokers, ...QUICK, '-C', '-q', '-e', '-J', '-t', topic, '-o', 'beginning'])
  return lines
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Printed)
}

async function newTopic(target: Target, numPartitions: number): Promise<string> {
  const topic = uniqueName('kcat')
  const admin = new kafkajs.Kafka({ brokers: [target.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  await makeTopic(admin, topic, numPartitions)
  await admin.disconnect()
  return topic
}

/** Returns its output; rejects with its messages if it fails. */
async function run(args: readonly string[], input = ''): Promise<string> {
  const child = spawn('kcat', args, { timeout: 60_000 })
  child.stdin.end(input)
  const [out, said, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0 || /Delivery failed/.test(said)) throw new Error(`kcat ended with ${code}: ${said}`)
  return out
}
