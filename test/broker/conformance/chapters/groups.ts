import { ERROR } from '../../../../broker/errors.ts'
import {
  deleteGroups,
  describeGroups,
  findCoordinator,
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  syncGroup,
} from '../../../../broker/wire/tables/index.ts'
import { until } from '../../../support/programs.ts'
import { joining, Member, SESSION_TIMEOUT_MS, subscription } from '../members.ts'
import { CLOSED, type Received } from '../raw-connection.ts'
import type { Script } from '../script.ts'

const GROUP = 0
const TRANSACTION = 1
const NO_SUCH_TYPE = 7
const REBALANCE_MS = 500

export const groups = {
  title: 'groups',
  steps: (s: Script) => {
    const describe = (groupId: string, version = 5) =>
      s.ask(describeGroups, version, { groups: [groupId], includeAuthorizedOperations: false })
    const join = (groupId: string, rest: object = {}, version = 5) => s.ask(joinGroup, version, { ...joining(groupId), ...rest })

    s.step('groups for this chapter', async () => {
      await s.untilGroups()
      return 'ready'
    })
    for (const version of [0, 1, 2, 3])
      s.step(`FindCoordinator ${version}`, () => s.ask(findCoordinator, version, { key: s.name('first'), keyType: GROUP }))
    for (const version of [4, 5])
      s.step(`FindCoordinator ${version} of several`, () =>
        s.ask(findCoordinator, version, { keyType: GROUP, coordinatorKeys: [s.name('first'), s.name('second')] }),
      )
    s.step('the coordinator of an empty group name', () => s.ask(findCoordinator, 2, { key: '', keyType: GROUP }))
    s.step('the coordinator of an empty group name, in version 4', () =>
      s.ask(findCoordinator, 4, { keyType: GROUP, coordinatorKeys: [''] }),
    )
    s.step('the coordinator of a type that does not exist', () => s.ask(findCoordinator, 2, { key: 'x', keyType: NO_SUCH_TYPE }))
    s.step('the coordinator of no group', () => s.ask(findCoordinator, 4, { keyType: GROUP, coordinatorKeys: [] }))

    s.step('a first join gets an id and must be repeated with it', () => join(s.name('asks')))
    s.step('a first join before version 4 is accepted at once', async () => {
      const member = await Member.of(s, s.name('old-client'))
      const answer = await member.join({}, 3)
      return [answer, await member.sync({ [member.memberId]: 'mine' }, {}, 2), await leave(s, s.name('old-client'), member.memberId, 1)]
    })
    s.step('an unknown member id', () => join(s.name('asks'), { memberId: 'made-up' }))
    s.step('an empty group name', () => join(''))
    s.step('too short a session', () => join(s.name('asks'), { sessionTimeoutMs: 10 }))
    s.step('too long a session', () => join(s.name('asks'), { sessionTimeoutMs: 0x7fff_ffff }))
    s.step('no protocol', () => join(s.name('asks'), { protocols: [] }))
    s.step('no protocol type', () => join(s.name('asks'), { protocolType: '' }))
    for (const [what, run] of [
      ['a heartbeat', () => s.ask(heartbeat, 4, { groupId: s.name('nobody'), generationId: 1, memberId: 'x' })],
      ['a sync', () => s.ask(syncGroup, 5, { groupId: s.name('nobody'), generationId: 1, memberId: 'x', assignments: [] })],
      ['leaving', () => leave(s, s.name('nobody'), 'x', 5)],
      ['leaving, in version 1', () => leave(s, s.name('nobody'), 'x', 1)],
      ['describing', () => describe(s.name('nobody'))],
      ['deleting', () => s.ask(deleteGroups, 2, { groupsNames: [s.name('nobody')] })],
    ] as const)
      s.step(`${what} in an unknown group`, run)

    twoMembers(s, describe)
    staticMembers(s, describe)
    lostMembers(s)
    s.step('the authorised operations of a group', () =>
      s.ask(describeGroups, 5, { groups: [s.name('two')], includeAuthorizedOperations: true }),
    )
    s.step('a group that is deleted', async () => {
      const answer = await s.ask(deleteGroups, 2, { groupsNames: [s.name('two')] })
      return [answer, await describe(s.name('two'))]
    })
    s.step('the groups of this chapter', async () => {
      const answer = await s.must(listGroups, 4, { statesFilter: [] })
      return answer.groups.filter(({ groupId }) => groupId.startsWith(s.run))
    })
    s.step('the transaction coordinator', async () => {
      let answer: unknown
      await until('it is there', async () => {
        const found = await s.ask(findCoordinator, 2, { key: s.name('transactional'), keyType: TRANSACTION })
        answer = found
        return found === CLOSED || found.errorCode !== 15
      })
      return answer
    })
  },
}

function twoMembers(s: Script, describe: (groupId: string, version?: number) => Promise<unknown>): void {
  let a: Member
  let b: Member
  const group = s.name('two')
  s.step('a single member is the leader', async () => {
    a = await Member.of(s, group)
    b = await Member.of(s, group)
    return a.joinWithId({
      protocols: [
        { name: 'range', metadata: subscription('of a') },
        { name: 'roundrobin', metadata: subscription('of a') },
      ],
    })
  })
  s.step('before it syncs', async () => {
    // Kafka describes a new group only when its offsets' log has taken it in.
    await until(
      'the group is there',
      async () => ((await describe(group)) as Received<typeof describeGroups>).groups[0]?.groupState !== 'Dead',
    )
    return [await describe(group), await a.beat()]
  })
  s.step('it syncs', () => a.sync({ [a.memberId]: 'all' }))
  for (const version of [0, 1, 2, 3, 4]) s.step(`Heartbeat ${version}`, () => a.beat({}, version))
  for (const version of [0, 1, 2, 3, 4, 5]) s.step(`DescribeGroups ${version}`, () => describe(group, version))
  for (const version of [0, 1, 2, 3, 4]) {
    s.step(`ListGroups ${version}`, async () => {
      const answer = await s.must(listGroups, version, { statesFilter: [] })
      return { ...answer, groups: answer.groups.filter(({ groupId }) => groupId === group) }
    })
  }
  s.step('groups by their state', async () => {
    const named = async (...statesFilter: readonly string[]) =>
      (await s.must(listGroups, 4, { statesFilter })).groups.filter(({ groupId }) => groupId === group).length
    return {
      Stable: await named('Stable'),
      stable: await named('stable'),
      Empty: await named('Empty'),
      both: await named('Empty', 'Stable'),
      unknown: await named('Strange'),
    }
  })
  s.step('a heartbeat of an older generation', () => a.beat({ generationId: a.generationId - 1 }))
  s.step('a heartbeat of a later generation', () => a.beat({ generationId: a.generationId + 1 }))
  s.step('a heartbeat of another member', () => a.beat({ memberId: 'stranger' }))
  s.step('a sync again', () => a.sync())
  s.step('a sync of an older generation', () => a.sync({}, { generationId: a.generationId - 1 }))
  s.step('a sync of another protocol', () => a.sync({}, { protocolName: 'roundrobin' }))
  s.step('a sync of another protocol type', () => a.sync({}, { protocolType: 'connect' }))
  s.step('a member with another protocol type', async () => (await Member.of(s, group)).joinWithId({ protocolType: 'connect' }))
  s.step('a member without a protocol in common', async () =>
    (await Member.of(s, group)).joinWithId({ protocols: [{ name: 'sticky', metadata: subscription('') }] }),
  )
  s.step('a group with members is not deleted', () => s.ask(deleteGroups, 2, { groupsNames: [group] }))
  s.step('a second member joins: both join again', async () => {
    const joined = b.joinWithId({ protocols: [{ name: 'roundrobin', metadata: subscription('of b') }] })
    await a.untilRebalance()
    const during = await describe(group)
    const first = await a.join({
      protocols: [
        { name: 'range', metadata: subscription('of a') },
        { name: 'roundrobin', metadata: subscription('of a') },
      ],
    })
    return { first, second: await joined, during }
  })
  s.step('both sync, the second first', async () => {
    const synced = b.sync({}, { protocolName: 'roundrobin' })
    const first = await a.sync({ [a.memberId]: 'half', [b.memberId]: 'other half' }, { protocolName: 'roundrobin' })
    return { first, second: await synced }
  })
  s.step('both are described', () => describe(group))
  s.step('the second joins again without a change', () => b.join({ protocols: [{ name: 'roundrobin', metadata: subscription('of b') }] }))
  s.step('the second joins again with a change', async () => {
    const joined = b.join({ protocols: [{ name: 'roundrobin', metadata: subscription('new of b') }] })
    await a.untilRebalance()
    const first = await a.join({
      protocols: [
        { name: 'range', metadata: subscription('of a') },
        { name: 'roundrobin', metadata: subscription('of a') },
      ],
    })
    return { first, second: await joined }
  })
  s.step('the leader assigns nothing to the second', async () => {
    const synced = b.sync({}, { protocolName: 'roundrobin' })
    const first = await a.sync({ [a.memberId]: 'all' }, { protocolName: 'roundrobin' })
    return { first, second: await synced }
  })
  s.step('the leader joins again: a new generation', async () => {
    const joined = a.join({
      protocols: [
        { name: 'range', metadata: subscription('of a') },
        { name: 'roundrobin', metadata: subscription('of a') },
      ],
    })
    await b.untilRebalance()
    const second = await b.join({ protocols: [{ name: 'roundrobin', metadata: subscription('of b') }] })
    return { first: await joined, second }
  })
  s.step('the second leaves while the group is not synced', () => leave(s, group, b.memberId, 5))
  s.step('the first is notified in its sync or its heartbeat', async () => [
    await a.sync({ [a.memberId]: 'all' }, { protocolName: 'roundrobin' }),
    await a.beat(),
  ])
  s.step('the first is alone again', async () => [await a.join(), await a.sync({ [a.memberId]: 'all' })])
  for (const version of [0, 1, 2, 3, 4, 5]) {
    s.step(`LeaveGroup ${version}`, async () => {
      const member = await Member.of(s, s.name(`left-${version}`))
      await member.joinWithId()
      await member.sync({ [member.memberId]: 'x' })
      return [await leave(s, s.name(`left-${version}`), member.memberId, version), await member.beat()]
    })
  }
  s.step('an unknown member leaves with the first', () =>
    s.ask(leaveGroup, 3, {
      groupId: group,
      members: [
        { memberId: 'stranger', groupInstanceId: null },
        { memberId: a.memberId, groupInstanceId: null },
      ],
    }),
  )
  s.step('the group is empty', () => describe(group))
  s.step('an empty list of members leaves', () => s.ask(leaveGroup, 3, { groupId: group, members: [] }))
  s.step('the id of a member that left is unknown', () => a.join())
}

function staticMembers(s: Script, describe: (groupId: string, version?: number) => Promise<unknown>): void {
  let a: Member
  const group = s.name('static')
  s.step('a static member is accepted at once', async () => {
    a = await Member.of(s, group, 'instance-a')
    return [await a.join(), await a.sync({ [a.memberId]: 'all' })]
  })
  s.step('it is described', () => describe(group))
  s.step('it rejoins without its id in the same generation', async () => {
    const [oldId, again] = [a.memberId, await Member.of(s, group, 'instance-a')]
    const joined = await again.join()
    const fenced = await a.beat({ memberId: oldId })
    a = again
    return [joined, fenced, await a.sync(), await a.beat()]
  })
  s.step('a heartbeat with another id of the same instance', () => a.beat({ memberId: 'stranger' }))
  s.step('a join with another id of the same instance', () => a.join({ memberId: 'stranger' }))
  s.step('a sync with another id of the same instance', () => a.sync({}, { memberId: 'stranger' }))
  s.step('an unknown instance', () => a.beat({ groupInstanceId: 'instance-b' }))
  s.step('it leaves by its instance', () =>
    s.ask(leaveGroup, 3, { groupId: group, members: [{ memberId: '', groupInstanceId: 'instance-a' }] }),
  )
  s.step('it has left', () => describe(group))
  s.step('an unknown instance leaves', () =>
    s.ask(leaveGroup, 3, { groupId: group, members: [{ memberId: '', groupInstanceId: 'instance-b' }] }),
  )
}

function lostMembers(s: Script): void {
  s.step('a member that does not rejoin within its rebalance timeout is removed', async () => {
    const group = s.name('slow')
    for (let tries = 1; ; tries++) {
      const [a, b] = [await Member.of(s, group), await Member.of(s, group)]
      const beganMs = performance.now()
      await a.joinWithId({ rebalanceTimeoutMs: REBALANCE_MS })
      await a.sync({ [a.memberId]: 'all' })
      // A member that syncs too late is removed, too, which makes a further generation: then all of it again.
      const isLate = performance.now() - beganMs > REBALANCE_MS / 2
      const answers = isLate ? [] : [await b.joinWithId({ rebalanceTimeoutMs: REBALANCE_MS }), await a.beat()]
      const synced = await b.sync({ [b.memberId]: 'all' })
      if (tries < 10 && (isLate || synced === CLOSED || synced.errorCode !== ERROR.NONE)) {
        for (const { memberId } of [a, b]) await leave(s, group, memberId, 5)
        await until('the group is deleted', async () => {
          const { results } = await s.must(deleteGroups, 2, { groupsNames: [group] })
          return results[0]?.errorCode === 0
        })
        continue
      }
      return answers
    }
  })
  s.step('the leader leaves while another member waits for its assignment', async () => {
    const group = s.name('leader-lost')
    const [a, b] = [await Member.of(s, group), await Member.of(s, group)]
    await a.joinWithId()
    await a.sync({ [a.memberId]: 'all' })
    const joined = b.joinWithId()
    await a.untilRebalance()
    await a.join()
    await joined
    const synced = b.sync()
    await leave(s, group, a.memberId, 5)
    const first = await synced
    return [first, await b.join(), await b.sync({ [b.memberId]: 'all' })]
  })
  s.step('a member that lost its connection rejoins with its id from another one', async () => {
    const group = s.name('reconnects')
    const a = await Member.of(s, group)
    await a.joinWithId()
    await a.sync({ [a.memberId]: 'all' })
    a.connection.close()
    const again = await Member.of(s, group)
    Object.assign(again, { memberId: a.memberId, generationId: a.generationId })
    return [await again.beat(), await again.join(), await again.sync({ [a.memberId]: 'all again' })]
  })
  s.step('a member that gets an id and never returns delays no one', async () => {
    const group = s.name('pending')
    const [a, b] = [await Member.of(s, group), await Member.of(s, group)]
    await b.join({ sessionTimeoutMs: SESSION_TIMEOUT_MS })
    await a.joinWithId()
    return [await a.sync({ [a.memberId]: 'all' }), await a.beat()]
  })
}

function leave(s: Script, groupId: string, memberId: string, version: number): Promise<unknown> {
  return s.ask(leaveGroup, version, version < 3 ? { groupId, memberId } : { groupId, members: [{ memberId, groupInstanceId: null }] })
}
