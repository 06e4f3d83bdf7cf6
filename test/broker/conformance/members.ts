import { ERROR } from '../../../broker/errors.ts'
import { heartbeat, joinGroup, syncGroup } from '../../../broker/wire/tables/index.ts'
import { until } from '../../support/programs.ts'
import { CLOSED, type RawConnection, type Received, type Sent } from './raw-connection.ts'
import type { Script } from './script.ts'

type Join = Sent<typeof joinGroup>

/** No member sends heartbeats by itself: longer than any of them is silent. */
export const SESSION_TIMEOUT_MS = 120_000
const LATEST_JOIN = 9
const LATEST_SYNC = 5
const LATEST_HEARTBEAT = 4

/** A member of a group with its own connection. It sends nothing by itself. */
export class Member {
  memberId = ''
  generationId = -1
  readonly groupInstanceId: string | null
  readonly #connection: RawConnection
  readonly #groupId: string

  private constructor(connection: RawConnection, groupId: string, groupInstanceId: string | null) {
    this.#connection = connection
    this.#groupId = groupId
    this.groupInstanceId = groupInstanceId
  }

  static async of(s: Script, groupId: string, groupInstanceId: string | null = null): Promise<Member> {
    return new Member(await s.connect(), groupId, groupInstanceId)
  }

  get connection(): RawConnection {
    return this.#connection
  }

  /** Remembers the id and the generation that it gets. */
  async join(rest: Partial<Join> = {}, version = LATEST_JOIN): Promise<Received<typeof joinGroup> | typeof CLOSED> {
    const answer = await this.#connection.ask(joinGroup, version, {
      ...joining(this.#groupId),
      memberId: this.memberId,
      groupInstanceId: this.groupInstanceId,
      ...rest,
    })
    if (answer === CLOSED) return CLOSED
    if (answer.errorCode === ERROR.NONE || answer.errorCode === ERROR.MEMBER_ID_REQUIRED) this.memberId = answer.memberId
    if (answer.errorCode === ERROR.NONE) this.generationId = answer.generationId
    return answer
  }

  /** Joins as clients do: once to get an id, once with it. */
  async joinWithId(rest: Partial<Join> = {}): Promise<Received<typeof joinGroup> | typeof CLOSED> {
    if (this.memberId === '' && this.groupInstanceId === null) await this.join(rest)
    return this.join(rest)
  }

  /** Syncs as the leader, with everyone's assignment, or as a follower, with none. */
  sync(
    assignments: Readonly<Record<string, string>> = {},
    rest: Partial<Sent<typeof syncGroup>> = {},
    version = LATEST_SYNC,
  ): Promise<Received<typeof syncGroup> | typeof CLOSED> {
    const list = Object.entries(assignments).map(([memberId, assignment]) => ({ memberId, assignment: Buffer.from(assignment) }))
    return this.#connection.ask(syncGroup, version, {
      ...this.#place(),
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: list,
      ...rest,
    })
  }

  beat(rest: Partial<Sent<typeof heartbeat>> = {}, version = LATEST_HEARTBEAT): Promise<Received<typeof heartbeat> | typeof CLOSED> {
    return this.#connection.ask(heartbeat, version, { ...this.#place(), ...rest })
  }

  /** Waits until a heartbeat reports that the group has changed. */
  async untilRebalance(): Promise<void> {
    await until('the member hears of the rebalance', async () => {
      const answer = await this.beat()
      return answer !== CLOSED && answer.errorCode === ERROR.REBALANCE_IN_PROGRESS
    })
  }

  #place() {
    return { groupId: this.#groupId, generationId: this.generationId, memberId: this.memberId, groupInstanceId: this.groupInstanceId }
  }
}

/** A consumer's subscription, here to no topic; `text` distinguishes one from another. Kafka parses it. */
export function subscription(text: string): Buffer {
  const bytes = Buffer.alloc(10)
  bytes.writeInt32BE(text.length, 6)
  return Buffer.concat([bytes, Buffer.from(text)])
}

/** A first join of a consumer. */
export function joining(groupId: string): Join {
  return {
    groupId,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription('first') }],
    reason: null,
  }
}
