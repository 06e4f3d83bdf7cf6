import type { Group } from '../../../broker/groups/group.ts'
import type { JoinResult } from '../../../broker/groups/results.ts'
import { GROUP, type GroupUnderTest } from './group-under-test.ts'
import { share, type Journal } from './simulated-client.ts'

/** Throws if a rule is broken that must hold no matter what clients do. */
export function checkState({ coordinator, generations }: GroupUnderTest): void {
  const group = coordinator.get(GROUP)
  if (group) checkGroup(group)
  rule('generations grow by one', generations.at(-1) === undefined || generations.at(-1) === generations.length)
}

function rule(text: string, holds: boolean | undefined): void {
  if (!holds) throw new Error(`broken: ${text}`)
}

function checkGroup(group: Group): void {
  const members = [...group.members.values()]
  const { state, protocolName = '' } = group
  rule('an empty group has no members', state !== 'Empty' || members.length === 0)
  rule('a group with members has a leader among them', members.length === 0 || group.members.has(group.leaderId ?? ''))
  rule('joins are collected for a limited time', (state === 'PreparingRebalance') === group.joinTimer.isSet)
  rule('an assignment is awaited for a limited time', state !== 'CompletingRebalance' || group.syncTimer.isSet)
  rule(
    'only members are expected to sync',
    group.pendingSyncs.values().every(id => group.members.has(id)),
  )
  rule(
    'joins wait only while they are collected',
    members.every(member => !member.isJoining || state === 'PreparingRebalance'),
  )
  rule(
    'syncs wait only while the assignment is awaited',
    members.every(member => !member.isSyncing || state === 'CompletingRebalance'),
  )
  rule(
    'a member that waits for nothing has a session that ends',
    members.every(member => member.isJoining || member.isSyncing || member.session.isSet),
  )
  rule(
    'all members support the protocol',
    state === 'Empty' ||
      state === 'PreparingRebalance' ||
      members.every(member => member.protocols.some(({ name }) => name === protocolName)),
  )
}

/** Checks all responses so far; each is checked once. */
export class GenerationRules {
  readonly #leaders = new Map<number, string>()
  readonly #protocols = new Map<number, string | null>()

  check({ joins, syncs }: Journal): void {
    for (const { client, result } of joins.splice(0)) this.#checkJoin(client.instanceId ?? result.memberId, result)
    for (const { owner, generation, result } of syncs.splice(0)) {
      rule('members of a generation agree on the protocol', this.#protocols.get(generation) === result.protocolName)
      rule('a member gets what the leader of its generation assigned to it', result.assignment.equals(share(generation, owner)))
    }
  }

  #checkJoin(owner: string, { generation, members, protocolName }: JoinResult): void {
    if (members.length > 0) rule('one generation has one leader', this.#leaders.getOrInsert(generation, owner) === owner)
    rule('one generation has one protocol', this.#protocols.getOrInsert(generation, protocolName) === protocolName)
  }
}
