import { ERROR, type ErrorCode } from '../errors.ts'
import { Alarm, type Clock } from './clock.ts'
import {
  NO_ASSIGNMENT,
  refusedJoin,
  refusedSync,
  type JoinRequest,
  type JoinResult,
  type Protocol,
  type Respond,
  type SyncResult,
} from './results.ts'

/** A member of a group, with its waiting requests. */
export class Member {
  readonly id: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  protocols: readonly Protocol[] = []
  sessionTimeoutMs = 0
  rebalanceTimeoutMs = 0
  assignment: Buffer = NO_ASSIGNMENT
  /** None of its joins has a response yet, so it cannot send heartbeats. */
  isNew = true
  /** Ends its membership. */
  readonly session: Alarm
  #join: Respond<JoinResult> | undefined
  #sync: Respond<SyncResult> | undefined

  constructor(id: string, request: JoinRequest, clock: Clock) {
    this.id = id
    this.instanceId = request.instanceId
    this.clientId = request.clientId
    this.clientHost = request.clientHost
    this.session = new Alarm(clock)
    this.update(request)
  }

  update(request: JoinRequest): void {
    this.protocols = request.protocols
    this.sessionTimeoutMs = request.sessionTimeoutMs
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs
  }

  get isJoining(): boolean {
    return this.#join !== undefined
  }

  get isSyncing(): boolean {
    return this.#sync !== undefined
  }

  waitsFor(respond: Respond<JoinResult> | Respond<SyncResult>): boolean {
    return this.#join === respond || this.#sync === respond
  }

  /** A new join replaces one that is waiting. */
  waitForJoin(respond: Respond<JoinResult>): void {
    this.answerJoin(refusedJoin(ERROR.REBALANCE_IN_PROGRESS, this.id))
    this.#join = respond
    if (!this.isNew) this.session.clear()
  }

  waitForSync(respond: Respond<SyncResult>): void {
    this.answerSync(refusedSync(ERROR.REBALANCE_IN_PROGRESS))
    this.#sync = respond
    this.session.clear()
  }

  answerJoin(result: JoinResult): void {
    const respond = this.#join
    this.#join = undefined
    respond?.(result)
  }

  answerSync(result: SyncResult): void {
    const respond = this.#sync
    this.#sync = undefined
    respond?.(result)
  }

  /** Drops waiting requests whose connection is closed. */
  dropWaiting(): void {
    this.#join = this.#sync = undefined
  }

  /** The membership is over. */
  end(error: ErrorCode, memberId: string): void {
    this.session.clear()
    this.answerJoin(refusedJoin(error, memberId))
    this.answerSync(refusedSync(error))
  }

  /** Throws if the member does not support the protocol. The group selects only a protocol that all members support. */
  metadata(protocolName: string): Buffer {
    const protocol = this.protocols.find(({ name }) => name === protocolName)
    if (!protocol) throw new Error(`the member ${this.id} does not support ${protocolName}`)
    return protocol.metadata
  }

  hasProtocols(protocols: readonly Protocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(
        ({ name, metadata }, index) => name === this.protocols[index]?.name && metadata.equals(this.protocols[index].metadata),
      )
    )
  }
}
