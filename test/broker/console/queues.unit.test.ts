import { describe, expect, test } from 'vitest'
import type { Lent } from '../../../broker/console/partition-queue.ts'
import { positionsIn } from '../../../broker/console/positions.ts'
import { Queues } from '../../../broker/console/queues.ts'
import { random } from '../records/fixture.ts'
import { openParts, produce, type BrokerParts } from './fixture.ts'

const TOPIC = 't'

function open(
  parts: BrokerParts = openParts(),
): BrokerParts & { queues: Queues; lend(group?: string): Lent | undefined; kept(group?: string): bigint | undefined } {
  const queues = new Queues(
    parts.topics,
    positionsIn(parts.offsets, () => false),
  )
  return {
    ...parts,
    queues,
    lend: (group = 'g') => queues.lend(parts.topics.get(TOPIC)!, group),
    kept: (group = 'g') => parts.offsets.fetch(group, TOPIC, 0)?.offset,
  }
}

function withMessages(count: number): ReturnType<typeof open> {
  const opened = open()
  opened.topics.create(TOPIC, { partitions: 1 })
  produce(
    opened,
    TOPIC,
    Array.from({ length: count }, (_, index) => ({ value: Buffer.from(String(index)) })),
  )
  return opened
}

const text = (lent: Lent | undefined): string | undefined => lent?.message.value?.toString()

function done(lent: Lent | undefined): void {
  lent!.from.done(lent!)
}

function giveBack(lent: Lent | undefined): void {
  lent!.from.giveBack(lent!)
}

describe('a queue of the console', () => {
  test('stores the position of the first message that is not done', () => {
    const { lend, kept } = withMessages(4)
    const [zero, one, two] = [lend(), lend(), lend()]
    done(one)
    expect(kept()).toBe(0n)
    done(zero)
    expect(kept()).toBe(2n)
    giveBack(two)
    const three = [lend(), lend()]
    expect(three.map(text)).toEqual(['2', '3'])
    done(three[1])
    expect(kept()).toBe(2n)
    done(three[0])
    expect(kept()).toBe(4n)
  })

  test('lends returned messages in log order, before new ones', () => {
    const { lend } = withMessages(5)
    const lents = [lend(), lend(), lend(), lend()]
    for (const index of [2, 0, 3]) giveBack(lents[index])
    expect([lend(), lend(), lend(), lend(), lend()].map(text)).toEqual(['0', '2', '3', '4', undefined])
  })

  test('lends a message returned to one partition before a new one of another', () => {
    const opened = open()
    opened.topics.create(TOPIC, { partitions: 2 })
    for (const partition of [0, 1])
      produce(opened, TOPIC, [{ value: Buffer.from(`${partition}.0`) }, { value: Buffer.from(`${partition}.1`) }], partition)
    const [first] = [opened.lend(), opened.lend()]
    giveBack(first)
    expect([opened.lend(), opened.lend(), opened.lend()].map(text)).toEqual(['0.0', '0.1', '1.1'])
  })

  test('accepts a message as done or returned only once, and not after the group was moved', () => {
    const { lend, kept, offsets } = withMessages(3)
    const zero = lend()
    done(zero)
    giveBack(zero)
    expect(text(lend())).toBe('1')
    const two = lend()
    offsets.commit('g', [{ topic: TOPIC, partition: 0, offset: 0n }])
    expect(text(lend())).toBe('0')
    done(two)
    expect(kept()).toBe(0n)
  })

  test('skips messages that were deleted while they were lent', () => {
    const { lend, topics } = withMessages(3)
    const zero = lend()
    produce({ ...openParts(), topics, appender: openParts().appender }, TOPIC, [{ value: Buffer.from('3') }])
    topics.partition(TOPIC, 0).deleteBefore(2n)
    giveBack(zero)
    expect([lend(), lend(), lend()].map(text)).toEqual(['2', '3', undefined])
  })

  test('starts again from the oldest message if its position lies past the end of the log', () => {
    const { lend, offsets } = withMessages(2)
    offsets.commit('g', [{ topic: TOPIC, partition: 0, offset: 1000n }])
    expect([lend(), lend(), lend()].map(text)).toEqual(['0', '1', undefined])
  })

  test('skips the markers of transactions', () => {
    const opened = withMessages(1)
    const marker = Buffer.from(opened.topics.partition(TOPIC, 0).read(0n, 1, { atLeastOneBatch: true })[0]!)
    marker.writeInt16BE(0x30, 21)
    opened.appender.append(opened.topics.partition(TOPIC, 0), marker)
    produce(opened, TOPIC, [{ value: Buffer.from('after') }])
    expect([opened.lend(), opened.lend(), opened.lend()].map(text)).toEqual(['0', 'after', undefined])
  })

  test('is dropped when many other queues are read and none of its messages are lent; then it continues from its stored position', () => {
    const { lend, queues } = withMessages(3)
    const [held] = [lend('held'), done(lend('idle'))]
    for (let group = 0; group < 1500; group++) done(lend(`other-${group}`))
    expect(queues.size).toBeLessThanOrEqual(1000)
    giveBack(held)
    expect([lend('held'), lend('idle')].map(text)).toEqual(['0', '1'])
  })
})

describe('a queue of the console with random readers', () => {
  test.each(Array.from({ length: 12 }, (_, seed) => seed))(
    'loses nothing, lends nothing twice at a time and repeats only after a restart (seed %i)',
    seed => {
      const next = random(seed + 1)
      const parts = openParts()
      parts.topics.create(TOPIC, { partitions: 1 + (seed % 3) })
      const partitions = parts.topics.get(TOPIC)!.partitions.length
      let queue = open(parts)
      const produced = new Set<string>()
      const finished = new Set<string>()
      let [held, allowedAgain, lastNew] = [[] as Lent[], new Set<string>(), new Map<unknown, bigint>()]
      const step = (action: number): void => {
        if (action < 3) {
          const [partition, size] = [next() % partitions, 1 + (next() % 4)]
          const values = Array.from({ length: size }, (_, index) => `${produced.size}-${index}`)
          for (const value of values) produced.add(value)
          produce(
            parts,
            TOPIC,
            values.map(value => ({ value: Buffer.from(value) })),
            partition,
          )
        } else if (action < 8) {
          const lent = queue.lend()
          if (!lent) return
          const value = text(lent)!
          expect(held.map(text)).not.toContain(value)
          if (!allowedAgain.delete(value)) {
            expect(finished).not.toContain(value)
            // New messages are lent in the order of their partition.
            expect(lent.message.offset > (lastNew.get(lent.from) ?? -1n)).toBe(true)
            lastNew.set(lent.from, lent.message.offset)
          }
          held.push(lent)
        } else if (action === 14 && next() % 4 === 0) {
          queue = open(parts)
          ;[held, allowedAgain, lastNew] = [[], new Set(produced), new Map()]
        } else if (held.length > 0) {
          const [lent] = held.splice(next() % held.length, 1)
          if (action < 12) {
            done(lent)
            finished.add(text(lent)!)
          } else {
            giveBack(lent)
            allowedAgain.add(text(lent)!)
          }
        }
      }
      for (let count = 0; count < 600; count++) step(next() % 15)
      for (const lent of held.splice(0)) giveBack(lent)
      for (let lent = queue.lend(); lent; lent = queue.lend()) {
        finished.add(text(lent)!)
        done(lent)
      }
      expect(finished).toEqual(produced)
      const kept = parts.topics.get(TOPIC)!.partitions.map((_, index) => parts.offsets.fetch('g', TOPIC, index)?.offset ?? 0n)
      expect(kept).toEqual(parts.topics.get(TOPIC)!.partitions.map(log => log.endOffset))
    },
  )
})
