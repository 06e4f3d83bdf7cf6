import { ERROR } from '../../../broker/errors.ts'
import { startGroups, type Groups } from '../../../broker/groups/groups.ts'
import type { Folder } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { OffsetStore } from '../../../broker/offsets/offset-store.ts'
import { groupHandlers } from '../../../broker/routes.ts'
import type { Call } from '../../../broker/server/handler.ts'
import { routesTo, type Route } from '../../../broker/server/route.ts'
import { codecOf, type Api } from '../../../broker/wire/api.ts'
import { Reader } from '../../../broker/wire/reader.ts'
import * as tables from '../../../broker/wire/tables/index.ts'
import { Writer } from '../../../broker/wire/writer.ts'
import { createLogger } from '../../../src/runtime/logger.ts'
import { FakeClock } from './fake-clock.ts'

export const MINUTE_MS = 60_000
const SETTINGS = {
  nodeId: 7,
  groupMinSessionTimeoutMs: 6_000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 0,
  groupMaxSize: 10,
  offsetMetadataMaxBytes: 8,
  offsetsRetentionMinutes: 60,
  offsetsRetentionCheckMs: 10 * MINUTE_MS,
}

/** The group handlers of a broker; requests and responses are encoded in one version. */
export class GroupsOnTheWire {
  readonly clock = new FakeClock()
  readonly folder: Folder
  store: OffsetStore
  groups: Groups
  routes: readonly Route[] = []
  #controller = new AbortController()

  constructor(folder = memoryFolder()) {
    this.folder = folder
    this.store = OffsetStore.open(folder, () => this.clock.now())
    this.groups = this.#start()
  }

  #start(): Groups {
    const hasPartition = (topic: string, partition: number) => topic === 'pings' && partition < 2
    const shared = { store: this.store, settings: SETTINGS, log: createLogger({ name: 'test', level: 'silent' }) }
    const groups = startGroups({ ...shared, clock: this.clock })
    this.routes = routesTo(groupHandlers({ ...shared, coordinator: groups.coordinator, hasPartition }))
    return groups
  }

  restart(): void {
    this.groups.stop()
    this.store = OffsetStore.open(this.folder, () => this.clock.now())
    this.groups = this.#start()
  }

  hangUp(): void {
    this.#controller.abort()
    this.#controller = new AbortController()
  }

  async ask(api: Api, version: number, request: Record<string, unknown>, clientId = 'kcat'): Promise<any> {
    const call: Call = {
      version,
      clientId,
      clientHost: '/10.0.0.1',
      advertised: { host: 'kafka.test', port: 9094 },
      signal: this.#controller.signal,
    }
    const { request: requestCodec, response: responseCodec } = codecOf(api, version)
    const handle = this.routes.find(route => route.api === api)?.handle
    const frame = bytesOf(writer => requestCodec.write(writer, request))
    const answered = Promise.resolve(handle?.(requestCodec.read(new Reader(frame)) as never, call))
    frame.fill(0xff)
    const answer = await answered
    return answer && responseCodec.read(new Reader(bytesOf(writer => responseCodec.write(writer, answer))))
  }

  async join(version: number, given: Record<string, unknown> = {}): Promise<any> {
    const request = {
      groupId: 'readers',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('topics') }],
      ...given,
    }
    const answered = this.ask(tables.joinGroup, version, request)
    this.clock.advance(0)
    const answer = await answered
    return answer?.errorCode === ERROR.MEMBER_ID_REQUIRED ? this.join(version, { ...given, memberId: answer.memberId }) : answer
  }

  /** Adds a member with the assignment that it sent for itself. */
  async member(version = 9, given: Record<string, unknown> = {}): Promise<string> {
    const { memberId, generationId } = await this.join(version, given)
    const assignments = [{ memberId, assignment: Buffer.from('work') }]
    await this.ask(tables.syncGroup, 3, {
      groupId: 'readers',
      generationId,
      memberId,
      groupInstanceId: given['groupInstanceId'] ?? null,
      assignments,
    })
    return memberId
  }

  commit(version: number, given: Record<string, unknown> = {}): Promise<any> {
    const topics = [
      { name: 'pings', partitions: [{ partitionIndex: 0, committedOffset: 42n, committedLeaderEpoch: 3, committedMetadata: 'so far' }] },
    ]
    return this.ask(tables.offsetCommit, version, { groupId: 'readers', generationIdOrMemberEpoch: -1, memberId: '', topics, ...given })
  }
}

function bytesOf(write: (writer: Writer) => void): Buffer {
  const writer = new Writer()
  write(writer)
  return Buffer.from(writer.toBuffer())
}

/** All supported versions. */
export const versionsOf = ({ minVersion, maxVersion }: Api) =>
  Array.from({ length: maxVersion - minVersion + 1 }, (_, index) => minVersion + index)

/** Blocks for so long that other connections must be served before the next part of a request. */
export function busy(): void {
  for (const from = performance.now(); performance.now() - from < 15;);
}

/** Whether the event loop turns before the response is there. */
export async function othersAreServedDuring(ask: () => Promise<unknown>): Promise<boolean> {
  let areServed = false
  const others = setImmediate(() => (areServed = true))
  await ask()
  clearImmediate(others)
  return areServed
}
