import { deleteGroups, offsetCommit, offsetFetch } from '../../../../broker/wire/tables/index.ts'
import { Member } from '../members.ts'
import type { Sent } from '../raw-connection.ts'
import type { Script } from '../script.ts'

const COMMIT_VERSIONS = [2, 3, 4, 5, 6, 7, 8, 9]
/** Kafka's offset.metadata.max.bytes. */
const MAX_METADATA = 4_096

export const offsetsOfGroups = {
  title: 'offsets of groups',
  steps: (s: Script) => {
    let topic: string
    let group: string
    const commit = (
      rest: Partial<Sent<typeof offsetCommit>> = {},
      { version = 8, offset = 5n, partition = 0, name = topic, metadata = null as string | null } = {},
    ) =>
      s.ask(offsetCommit, version, {
        groupId: group,
        memberId: '',
        topics: [{ name, partitions: [{ partitionIndex: partition, committedOffset: offset, committedMetadata: metadata }] }],
        ...rest,
      })
    const read = (
      topics: Sent<typeof offsetFetch>['topics'] = [{ name: topic, partitionIndexes: [0, 1, 2] }],
      { version = 7, groupId = group, requireStable = false } = {},
    ) => s.ask(offsetFetch, version, { groupId, topics, requireStable })
    const readGroups = (groups: NonNullable<Sent<typeof offsetFetch>['groups']>, version = 8) => s.ask(offsetFetch, version, { groups })

    s.step('a topic and a group for this chapter', async () => {
      topic = await s.newTopic('topic', 3)
      group = s.name('simple')
      await s.untilGroups()
      return 'made'
    })
    s.step('an unknown group has no offsets', () => read())
    s.step('an unknown group has no offsets, in version 1', () => read(undefined, { version: 1 }))
    s.step('an unknown group has no offsets, in version 8', () =>
      readGroups([{ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }]),
    )
    s.step('all offsets of an unknown group', () => read(null))
    for (const version of COMMIT_VERSIONS)
      s.step(`OffsetCommit ${version} without members`, () =>
        commit({}, { version, offset: BigInt(version), metadata: `version ${version}` }),
      )
    for (const version of [1, 2, 3, 4, 5, 6, 7]) s.step(`OffsetFetch ${version}`, () => read(undefined, { version }))
    for (const version of [2, 7]) s.step(`OffsetFetch ${version} of all`, () => read(null, { version }))
    for (const version of [8, 9])
      s.step(`OffsetFetch ${version} of several groups`, () =>
        readGroups(
          [
            { groupId: group, topics: [{ name: topic, partitionIndexes: [0, 1] }] },
            { groupId: group, topics: null },
            { groupId: s.name('unknown'), topics: null },
          ],
          version,
        ),
      )
    s.step('no topic', () => read([]))
    s.step('an unknown topic', () => read([{ name: s.name('unknown'), partitionIndexes: [0] }]))
    s.step('an unknown partition', () => read([{ name: topic, partitionIndexes: [9] }]))
    s.step('an empty group name', () => read(undefined, { groupId: '' }))
    s.step('only stable offsets', () => read(undefined, { requireStable: true }))

    s.step('a commit to an unknown topic', () => commit({}, { name: s.name('unknown') }))
    s.step('a commit to an unknown partition', () => commit({}, { partition: 9 }))
    s.step('a commit of several, one of them invalid', () =>
      s.ask(offsetCommit, 7, {
        groupId: group,
        memberId: '',
        topics: [
          { name: topic, partitions: [1, 9].map(partitionIndex => ({ partitionIndex, committedOffset: 3n, committedMetadata: '' })) },
        ],
      }),
    )
    s.step('a commit to an empty group name', () => commit({ groupId: '' }))
    s.step('the longest metadata', () => commit({}, { partition: 2, metadata: 'x'.repeat(MAX_METADATA) }))
    s.step('longer metadata', () => commit({}, { partition: 2, metadata: 'x'.repeat(MAX_METADATA + 1) }))
    s.step('a negative offset', () => commit({}, { partition: 1, offset: -1n }))
    s.step('an offset beyond the end', () => commit({}, { partition: 1, offset: 1_000_000n }))
    s.step('a leader epoch is kept', async () => {
      await s.ask(offsetCommit, 8, {
        groupId: group,
        memberId: '',
        topics: [
          { name: topic, partitions: [{ partitionIndex: 1, committedOffset: 4n, committedLeaderEpoch: 0, committedMetadata: null }] },
        ],
      })
      return read([{ name: topic, partitionIndexes: [1] }])
    })
    s.step('a commit of a member to a group without members', () => commit({ memberId: 'stranger', generationIdOrMemberEpoch: 1 }))
    s.step('a commit of a generation to a group without members', () => commit({ generationIdOrMemberEpoch: 1 }))
    s.step('a commit of no topic', () => s.ask(offsetCommit, 8, { groupId: group, memberId: '', topics: [] }))

    s.step('commits to a group with a member', async () => {
      const groupId = s.name('members')
      const member = await Member.of(s, groupId)
      await member.joinWithId()
      const before = await commit({ groupId, memberId: member.memberId, generationIdOrMemberEpoch: member.generationId })
      await member.sync({ [member.memberId]: 'all' })
      const right = { groupId, memberId: member.memberId, generationIdOrMemberEpoch: member.generationId }
      return {
        before,
        right: await commit(right, { offset: 11n }),
        older: await commit({ ...right, generationIdOrMemberEpoch: member.generationId - 1 }, { offset: 12n }),
        later: await commit({ ...right, generationIdOrMemberEpoch: member.generationId + 1 }, { offset: 13n }),
        stranger: await commit({ ...right, memberId: 'stranger' }, { offset: 14n }),
        without: await commit({ groupId, memberId: '' }, { offset: 15n }),
        withoutGeneration: await commit({ ...right, generationIdOrMemberEpoch: -1 }, { offset: 16n }),
        instance: await commit({ ...right, groupInstanceId: 'unknown-instance' }, { offset: 17n }),
        kept: await read([{ name: topic, partitionIndexes: [0] }], { groupId }),
      }
    })
    s.step('a commit while the group is changing', async () => {
      const groupId = s.name('changing')
      const [a, b] = [await Member.of(s, groupId), await Member.of(s, groupId)]
      await a.joinWithId()
      await a.sync({ [a.memberId]: 'all' })
      const joined = b.joinWithId()
      await a.untilRebalance()
      const during = await commit({ groupId, memberId: a.memberId, generationIdOrMemberEpoch: a.generationId }, { offset: 21n })
      await a.join()
      await joined
      const unsynced = await commit({ groupId, memberId: a.memberId, generationIdOrMemberEpoch: a.generationId }, { offset: 22n })
      return { during, unsynced, kept: await read([{ name: topic, partitionIndexes: [0] }], { groupId }) }
    })
    s.step('OffsetFetch 9 with an unknown member', () =>
      readGroups([{ groupId: group, memberId: 'stranger', memberEpoch: 3, topics: null }], 9),
    )
    for (const version of [0, 1, 2])
      s.step(`DeleteGroups ${version}`, async () => {
        const groupId = s.name(`deleted-${version}`)
        await commit({ groupId })
        return [await s.ask(deleteGroups, version, { groupsNames: [groupId, s.name('unknown')] }), await read(null, { groupId })]
      })
    s.step('DeleteGroups of an empty name', () => s.ask(deleteGroups, 2, { groupsNames: [''] }))
  },
}
