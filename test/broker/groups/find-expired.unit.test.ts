import { describe, expect, test } from 'vitest'
import { findExpired } from '../../../broker/groups/find-expired.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { OffsetStore } from '../../../broker/offsets/offset-store.ts'
import { GROUP, GroupUnderTest } from './group-under-test.ts'

const RETENTION_MS = 60_000

/** The metadata of a consumer: a version and its topics, then the fields of newer versions. */
function subscription(...topics: string[]): Buffer {
  const texts = topics.flatMap(topic => [Buffer.from([0, topic.length]), Buffer.from(topic)])
  return Buffer.concat([Buffer.from([0, 1, 0, 0, 0, topics.length]), ...texts, Buffer.from('more')])
}

class Offsets {
  readonly group = new GroupUnderTest()
  readonly store = OffsetStore.open(memoryFolder(), () => this.group.clock.now())

  commit(topic: string, retentionMs?: number): void {
    this.store.commit(GROUP, [{ topic, partition: 0, offset: 1n, ...(retentionMs !== undefined && { retentionMs }) }])
  }

  expired(): { topics: string[]; isGone: boolean } {
    const { expired, isGone } = findExpired(this.store, GROUP, this.group.coordinator.get(GROUP), this.group.clock.now(), RETENTION_MS)
    return { topics: expired.map(({ topic }) => topic), isGone }
  }

  member(...topics: string[]): string {
    const join = this.group.join({
      sessionTimeoutMs: 1_000_000,
      rebalanceTimeoutMs: 1_000_000,
      protocols: [{ name: 'range', metadata: subscription(...topics) }],
    })
    this.group.clock.advance(0)
    this.group.sync(join.result!.memberId, join.result!.generation)
    return join.result!.memberId
  }
}

describe('the offsets of a group that never had members', () => {
  test('are each kept for the retention time after their commit', () => {
    const offsets = new Offsets()
    offsets.commit('old')
    offsets.group.clock.advance(10_000)
    offsets.commit('new')
    offsets.group.clock.advance(RETENTION_MS - 10_001)
    expect(offsets.expired()).toEqual({ topics: [], isGone: false })
    offsets.group.clock.advance(1)
    expect(offsets.expired()).toEqual({ topics: ['old'], isGone: false })
    offsets.group.clock.advance(10_000)
    expect(offsets.expired()).toEqual({ topics: ['old', 'new'], isGone: true })
  })

  test('expire after the retention time that the client asked for', () => {
    const offsets = new Offsets()
    offsets.commit('short', 1_000)
    offsets.commit('long', 2 * RETENTION_MS)
    offsets.group.clock.advance(999)
    expect(offsets.expired().topics).toEqual([])
    offsets.group.clock.advance(1)
    expect(offsets.expired().topics).toEqual(['short'])
    offsets.group.clock.advance(RETENTION_MS)
    expect(offsets.expired()).toEqual({ topics: ['short'], isGone: false })
  })
})

describe('the offsets of a group that has had members', () => {
  test('are kept for the retention time after the last member has left', () => {
    const offsets = new Offsets()
    const memberId = offsets.member('pings')
    offsets.commit('pings')
    offsets.group.clock.advance(3 * RETENTION_MS)
    expect(offsets.expired().topics).toEqual([])
    offsets.group.coordinator.leave(GROUP, [{ memberId, instanceId: null }])
    offsets.group.clock.advance(RETENTION_MS - 1)
    expect(offsets.expired()).toEqual({ topics: [], isGone: false })
    offsets.group.clock.advance(1)
    expect(offsets.expired()).toEqual({ topics: ['pings'], isGone: true })
  })

  test('expire if its consumers no longer read the topic', () => {
    const offsets = new Offsets()
    offsets.member('pings', 'pangs')
    for (const topic of ['pings', 'pongs', 'pangs']) offsets.commit(topic)
    offsets.group.clock.advance(RETENTION_MS - 1)
    expect(offsets.expired().topics).toEqual([])
    offsets.group.clock.advance(1)
    expect(offsets.expired()).toEqual({ topics: ['pongs'], isGone: false })
  })

  test('are kept during a join phase, no matter what the members read', () => {
    const offsets = new Offsets()
    offsets.member('pings')
    offsets.commit('pongs')
    offsets.group.join({ protocols: [{ name: 'range', metadata: subscription('pings') }] })
    offsets.group.clock.advance(RETENTION_MS)
    expect(offsets.group.state).toBe('PreparingRebalance')
    expect(offsets.expired().topics).toEqual([])
  })

  test.each([
    ['not consumers', { protocolType: 'connect', protocols: [{ name: 'range', metadata: subscription('pings') }] }],
    ['consumers with unknown metadata', { protocols: [{ name: 'range', metadata: Buffer.from('?') }] }],
  ])('are kept while its members are %s', (_, given) => {
    const offsets = new Offsets()
    offsets.group.start(1, [{ ...given, sessionTimeoutMs: 1_000_000 }])
    offsets.commit('pongs')
    offsets.group.clock.advance(2 * RETENTION_MS)
    expect(offsets.group.state).toBe('Stable')
    expect(offsets.expired().topics).toEqual([])
  })
})

test('an empty group without offsets is removed, but not while it waits for a member', () => {
  const offsets = new Offsets()
  const memberId = offsets.member('pings')
  expect(offsets.expired().isGone).toBe(false)
  offsets.group.coordinator.leave(GROUP, [{ memberId, instanceId: null }])
  expect(offsets.expired().isGone).toBe(true)
  offsets.group.join({ requiresKnownId: true })
  expect(offsets.expired().isGone).toBe(false)
})
