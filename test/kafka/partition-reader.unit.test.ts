import type { KafkaMessage } from 'kafkajs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Connections } from '../../src/kafka/broker-connections.ts'
import { PartitionReader, type PartitionReaderOptions } from '../../src/kafka/partition-reader.ts'
import { silent, testSettings } from './kafka-fixture.ts'

const NOT_LEADER = 6
const OFFSET_OUT_OF_RANGE = 1

interface FetchOptions {
  readonly topics: readonly { readonly partitions: readonly { readonly partition: number; readonly fetchOffset: number }[] }[]
}

/** A cluster with partitions whose leaders a test moves. Each node answers only for what it leads. */
class ScriptedCluster implements Connections {
  readonly leaders = new Map<number, number | undefined>([
    [0, 1],
    [1, 2],
  ])
  readonly logs = new Map<number, { first: number; values: string[] }>([
    [0, { first: 0, values: [] }],
    [1, { first: 0, values: [] }],
  ])
  /** The nodes that do not answer. */
  readonly down = new Set<number>()
  placesAsked = 0
  fetches = 0
  isClosed = false
  #wake = Promise.withResolvers<void>()
  readonly #renewals = new Map<number, number>()

  write(partition: number, ...values: string[]): void {
    this.logs.get(partition)!.values.push(...values)
    this.changed()
  }
  changed(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
  readonly places = async () => {
    this.placesAsked++
    return [...this.leaders].map(([partition, leader]) => ({ partition, leader }))
  }
  readonly renew = async (node: number) => {
    this.#renewals.set(node, this.#renewalsOf(node) + 1)
    this.changed()
  }
  readonly close = () => {
    this.isClosed = true
    this.changed()
  }
  readonly ask = async <Response extends object>(node: number, api: string, options: object): Promise<Response> => {
    const asked = (options as FetchOptions).topics[0]!.partitions
    if (api === 'Fetch') await this.#untilDue(node, asked)
    if (this.isClosed || this.down.has(node)) throw new Error(`node ${node} does not answer`)
    const partitions = asked.map(each => (api === 'Fetch' ? this.#fetch(node, each) : this.#list(node, each as never)))
    return { responses: [{ partitions }] } as unknown as Response
  }
  #renewalsOf(node: number): number {
    return this.#renewals.get(node) ?? 0
  }
  #end(partition: number): number {
    const { first, values } = this.logs.get(partition)!
    return first + values.length
  }
  async #untilDue(node: number, asked: FetchOptions['topics'][0]['partitions']): Promise<void> {
    this.fetches++
    const isDue = () => asked.some(each => this.leaders.get(each.partition) !== node || each.fetchOffset !== this.#end(each.partition))
    const renewals = this.#renewalsOf(node)
    while (!this.isClosed && !this.down.has(node) && !isDue()) {
      await this.#wake.promise
      if (this.#renewalsOf(node) > renewals) throw new Error('the connection was renewed')
    }
  }
  #fetch(node: number, { partition, fetchOffset }: { readonly partition: number; readonly fetchOffset: number }) {
    const { first, values } = this.logs.get(partition)!
    if (this.leaders.get(partition) !== node) return { partition, errorCode: NOT_LEADER, messages: [] }
    if (fetchOffset < first || fetchOffset > this.#end(partition)) return { partition, errorCode: OFFSET_OUT_OF_RANGE, messages: [] }
    const messages = values.map((value, index) => ({ offset: String(first + index), value: Buffer.from(value) }) as unknown as KafkaMessage)
    return { partition, errorCode: 0, messages: messages.slice(Math.max(0, fetchOffset - first - 1)) } // as a batch that begins before
  }
  #list(node: number, { partition, timestamp }: { readonly partition: number; readonly timestamp: number }) {
    if (this.leaders.get(partition) !== node) return { partition, errorCode: NOT_LEADER, offset: '-1' }
    return { partition, errorCode: 0, offset: String(timestamp === -1 ? this.#end(partition) : this.logs.get(partition)!.first) }
  }
}

let cluster: ScriptedCluster
let reader: PartitionReader
let read: string[]
let moves: string[]
let gaps: string[]
beforeEach(() => {
  cluster = new ScriptedCluster()
  ;[read, moves, gaps] = [[], [], []]
})
afterEach(() => reader.stop())

function start(from: PartitionReaderOptions['from'] = 'latest'): void {
  const options: PartitionReaderOptions = {
    settings: testSettings('127.0.0.1:1'),
    clientId: 'test',
    topic: 'replies',
    partitions: [0, 1],
    from,
    log: silent,
    onRecords: (partition, records) => {
      for (const { offset, value } of records) read.push(`${partition}@${offset}=${value}`)
    },
    onLeader: (partition, leader, before) => moves.push(`${partition}: ${before} -> ${leader}`),
    onGap: (partition, first, to) => gaps.push(`${partition}: ${first} -> ${to}`),
  }
  reader = new PartitionReader(options, cluster)
  reader.start()
}

test('a reader follows the leader of a partition, reads each record once, and says when it moves', async () => {
  start()
  await reader.positioned
  cluster.write(0, 'a', 'b')
  await vi.waitUntil(() => read.length === 2, { timeout: 20_000 })
  cluster.leaders.set(0, 2)
  cluster.write(0, 'c')
  await vi.waitUntil(() => read.length === 3, { timeout: 20_000 })
  expect(read).toEqual(['0@0=a', '0@1=b', '0@2=c'])
  expect(moves).toEqual(['0: undefined -> 1', '1: undefined -> 2', '0: 1 -> 2'])
  expect([reader.leaderOf(0), reader.leaderOf(1)]).toEqual([2, 2])
})

test('a reader goes on with the other partitions while one has no leader or its broker is down', async () => {
  start()
  await reader.positioned
  cluster.leaders.set(0, undefined)
  cluster.write(0, 'late')
  for (const value of ['a', 'b', 'c']) {
    cluster.write(1, value)
    await vi.waitUntil(() => read.includes(`1@${'abc'.indexOf(value)}=${value}`), { timeout: 20_000 })
  }
  cluster.leaders.set(0, 1)
  cluster.down.add(1)
  cluster.write(1, 'd')
  await vi.waitUntil(() => read.includes('1@3=d'), { timeout: 20_000 })
  expect(read.filter(place => place.startsWith('0'))).toEqual([])
  cluster.down.delete(1)
  await vi.waitUntil(() => read.includes('0@0=late'), { timeout: 20_000 })
})

test('a reader is positioned only when every partition has an offset, and rejects if it is stopped before', async () => {
  cluster.leaders.set(1, undefined)
  start()
  const settled = vi.fn<() => void>()
  void reader.positioned.catch(() => undefined).then(settled)
  await vi.waitUntil(() => cluster.placesAsked > 2, { timeout: 20_000 })
  expect(settled).not.toHaveBeenCalled()
  await reader.stop()
  await expect(reader.positioned).rejects.toThrow('stopped')
})

test('a record before the position, which a broker sends with its batch, is not read', async () => {
  cluster.logs.get(0)!.values.push('a', 'b', 'c')
  start(
    new Map([
      [0, 2],
      [1, 0],
    ]),
  )
  await reader.positioned
  await vi.waitUntil(() => read.length > 0, { timeout: 20_000 })
  expect(read).toEqual(['0@2=c'])
})

test('a reader whose records are gone reports the gap and continues with the first record that there is', async () => {
  cluster.logs.set(0, { first: 7, values: ['h'] })
  cluster.logs.set(1, { first: 0, values: ['new'] })
  start(
    new Map([
      [0, 5],
      [1, 9],
    ]),
  )
  await vi.waitUntil(() => read.length === 2, { timeout: 20_000 })
  expect(read.toSorted()).toEqual(['0@7=h', '1@0=new'])
  expect(gaps.toSorted()).toEqual(['0: 5 -> 7', '1: 9 -> 0'])
})

test('a reader does not ask without pause while a broker answers only with errors', async () => {
  start()
  await reader.positioned
  const before = cluster.placesAsked
  const { ask } = cluster
  Object.assign(cluster, {
    ask: async (node: number, api: string, options: object) => {
      if (api !== 'Fetch') return ask(node, api, options)
      cluster.fetches++
      return { responses: [{ partitions: [{ partition: node - 1, errorCode: NOT_LEADER, messages: [] }] }] }
    },
  })
  cluster.fetches = 0
  const begunMs = performance.now()
  cluster.write(0, 'a')
  cluster.write(1, 'a')
  await vi.waitUntil(() => cluster.fetches >= 12, { timeout: 40_000 })
  // One of the two partitions was fetched six times, with five pauses between: at least 25, 50, 100, 200 and 400 ms.
  expect(performance.now() - begunMs).toBeGreaterThan(700)
  expect(cluster.placesAsked - before).toBeGreaterThan(2)
})
