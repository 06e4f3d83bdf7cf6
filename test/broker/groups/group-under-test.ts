import { Coordinator } from '../../../broker/groups/coordinator.ts'
import type { GroupSettings } from '../../../broker/groups/group.ts'
import type { JoinRequest, JoinResult, Respond, SyncRequest, SyncResult } from '../../../broker/groups/results.ts'
import { FakeClock } from './fake-clock.ts'

export const GROUP = 'readers'
export const SESSION_MS = 10_000
export const REBALANCE_MS = 30_000

/** A response that may not have arrived yet. */
export interface Pending<Result> {
  result: Result | undefined
  readonly respond: Respond<Result>
}

export function pending<Result>(): Pending<Result> {
  const it: Pending<Result> = {
    result: undefined,
    respond: result => {
      if (it.result !== undefined) throw new Error('answered twice')
      it.result = result
    },
  }
  return it
}

export function protocols(...names: string[]): { name: string; metadata: Buffer }[] {
  return names.map(name => ({ name, metadata: Buffer.from(`${name}'s metadata`) }))
}

/** A coordinator with its own clock, and short calls for its clients. */
export class GroupUnderTest {
  readonly clock = new FakeClock()
  readonly coordinator: Coordinator
  readonly generations: number[] = []
  #ids = 0

  constructor(settings: Partial<GroupSettings> = {}) {
    this.coordinator = new Coordinator({
      clock: this.clock,
      settings: {
        minSessionTimeoutMs: 6_000,
        maxSessionTimeoutMs: 1_800_000,
        initialRebalanceDelayMs: 0,
        maxSize: 0x7fff_ffff,
        ...settings,
      },
      newMemberId: prefix => `${prefix}-${++this.#ids}`,
      onGeneration: group => this.generations.push(group.generation),
    })
  }

  join(given: Partial<JoinRequest> = {}): Pending<JoinResult> {
    const call = pending<JoinResult>()
    const request: JoinRequest = {
      groupId: GROUP,
      memberId: '',
      instanceId: null,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      protocolType: 'consumer',
      protocols: protocols('range'),
      requiresKnownId: false,
      canSkipAssignment: false,
      ...given,
    }
    this.coordinator.join(request, call.respond)
    return call
  }

  sync(memberId: string, generation: number, given: Partial<SyncRequest> = {}): Pending<SyncResult> {
    const call = pending<SyncResult>()
    this.coordinator.sync(
      { groupId: GROUP, memberId, generation, instanceId: null, protocolType: null, protocolName: null, assignments: new Map(), ...given },
      call.respond,
    )
    return call
  }

  heartbeat(memberId: string, generation: number, instanceId: string | null = null): number {
    return this.coordinator.heartbeat({ groupId: GROUP, memberId, generation, instanceId })
  }

  get state(): string | undefined {
    return this.coordinator.get(GROUP)?.state
  }

  /** Adds members that have all joined and, with `synced`, all have their assignment. The first one leads. */
  start(count: number, given: readonly Partial<JoinRequest>[] = [], { synced = true } = {}): { ids: string[]; generation: number } {
    const joins = Array.from({ length: count }, (_, index) => this.join(given[index]))
    this.clock.advance(0)
    const results = joins.map(({ result }) => result!)
    const ids = results.map(({ memberId }) => memberId)
    const generation = results[0]!.generation
    if (synced) {
      const assignments = new Map(ids.map(id => [id, Buffer.from(`work of ${id}`)]))
      for (const id of ids.toReversed()) this.sync(id, generation, { assignments, instanceId: given[ids.indexOf(id)]?.instanceId ?? null })
    }
    return { ids, generation }
  }
}
