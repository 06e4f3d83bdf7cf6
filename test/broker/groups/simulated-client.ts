import { ERROR } from '../../../broker/errors.ts'
import { NO_MEMBER_ID, type JoinResult, type SyncResult } from '../../../broker/groups/results.ts'
import type { Random } from '../../support/random.ts'
import { GROUP, type GroupUnderTest, pending, type Pending } from './group-under-test.ts'

const PROTOCOL_LISTS = [['range'], ['range', 'sticky'], ['sticky', 'range']]
const SESSIONS_MS = [6_000, 10_000, 45_000]
const REBALANCES_MS = [5_000, 30_000, 60_000]

/** The responses to the clients of one group, for the rules that hold among them. */
export interface Journal {
  readonly joins: { readonly client: { readonly instanceId: string | null }; readonly result: JoinResult }[]
  readonly syncs: { readonly owner: string; readonly generation: number; readonly result: SyncResult }[]
}

/** The assignment for a member; a static member keeps the same one when it restarts. */
export function share(generation: number, owner: string): Buffer {
  return Buffer.from(`${generation} for ${owner}`)
}

/** A consumer that behaves like real ones: one request at a time in addition to heartbeats, and an id that it drops when the broker says so. */
export class SimulatedClient {
  readonly instanceId: string | null
  isAlive = true
  memberId = NO_MEMBER_ID
  generation = -1
  isMember = false
  #join: Pending<JoinResult> | undefined
  #sync: Pending<SyncResult> | undefined
  readonly #group: GroupUnderTest
  readonly #journal: Journal
  readonly #random: Random
  readonly #sessionTimeoutMs: number
  readonly #rebalanceTimeoutMs: number
  #protocolNames: readonly string[]
  #subscription = 0

  constructor(group: GroupUnderTest, journal: Journal, random: Random, instanceId: string | null) {
    this.#group = group
    this.#journal = journal
    this.#random = random
    this.instanceId = instanceId
    this.#sessionTimeoutMs = random.pick(SESSIONS_MS)
    this.#rebalanceTimeoutMs = random.pick(REBALANCES_MS)
    this.#protocolNames = random.pick(PROTOCOL_LISTS)
  }

  get isWaiting(): boolean {
    return (this.#join ?? this.#sync) !== undefined
  }

  /** Whether an unprocessed response has arrived. */
  get hasAnswer(): boolean {
    return (this.#join?.result ?? this.#sync?.result) !== undefined
  }

  join(): void {
    const call = pending<JoinResult>()
    this.#join = call
    this.#group.coordinator.join(
      {
        groupId: GROUP,
        memberId: this.memberId,
        instanceId: this.instanceId,
        clientId: 'client',
        clientHost: '/127.0.0.1',
        sessionTimeoutMs: this.#sessionTimeoutMs,
        rebalanceTimeoutMs: this.#rebalanceTimeoutMs,
        protocolType: 'consumer',
        protocols: this.#protocolNames.map(name => ({ name, metadata: Buffer.from(`${name} ${this.#subscription}`) })),
        requiresKnownId: this.#random.next() < 0.7,
        canSkipAssignment: true,
      },
      call.respond,
    )
  }

  changeSubscription(): void {
    this.#subscription++
  }

  /** Processes the response that has arrived. */
  proceed(): void {
    const { result: joined } = this.#join ?? {}
    const { result: synced } = this.#sync ?? {}
    this.#join = this.#sync = undefined
    if (joined) this.#afterJoin(joined)
    else if (synced) this.#afterSync(synced)
  }

  #afterJoin(result: JoinResult): void {
    if (result.error === ERROR.MEMBER_ID_REQUIRED) {
      this.memberId = result.memberId
      this.join()
    } else if (result.error === ERROR.NONE) {
      this.#journal.joins.push({ client: this, result })
      this.memberId = result.memberId
      this.generation = result.generation
      this.#startSync(result)
    } else if (result.error !== ERROR.REBALANCE_IN_PROGRESS) {
      this.reset()
    }
  }

  #startSync({ members, skipAssignment, generation, protocolType, protocolName }: JoinResult): void {
    const assignments = skipAssignment
      ? []
      : members.map(({ memberId, instanceId }) => [memberId, share(generation, instanceId ?? memberId)] as const)
    this.#sync = this.#group.sync(this.memberId, generation, {
      instanceId: this.instanceId,
      protocolType,
      protocolName,
      assignments: new Map(assignments),
    })
  }

  #afterSync(result: SyncResult): void {
    if (result.error === ERROR.NONE) {
      this.#journal.syncs.push({ owner: this.instanceId ?? this.memberId, generation: this.generation, result })
      this.isMember = true
    } else if (result.error !== ERROR.REBALANCE_IN_PROGRESS) {
      this.reset()
    }
  }

  heartbeat(): void {
    const error = this.#group.heartbeat(this.memberId, this.generation, this.instanceId)
    if (error === ERROR.REBALANCE_IN_PROGRESS) this.isMember = false
    else if (error !== ERROR.NONE) this.reset()
  }

  leave(): void {
    this.#group.coordinator.leave(GROUP, [{ memberId: this.memberId, instanceId: this.instanceId }])
    this.drop()
    this.reset()
  }

  /** Closes the connection; the broker is notified. */
  drop(): void {
    for (const call of [this.#join, this.#sync]) if (call && !call.result) this.#group.coordinator.drop(GROUP, call.respond)
    this.#join = this.#sync = undefined
  }

  /** Ends the process; a static member returns without its memory. */
  restart(): void {
    this.drop()
    this.reset()
    this.#protocolNames = this.#random.pick(PROTOCOL_LISTS)
  }

  reset(): void {
    this.memberId = NO_MEMBER_ID
    this.generation = -1
    this.isMember = false
  }
}
