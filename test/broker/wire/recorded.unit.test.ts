import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codecOf, type Api, type RequestOf } from '../../../broker/wire/api.ts'
import { APIS } from '../../../broker/wire/apis.ts'
import { readClientId, readHeader, writeResponseHeader, type RequestHeader } from '../../../broker/wire/headers.ts'
import { Reader } from '../../../broker/wire/reader.ts'
import type { Decoded } from '../../../broker/wire/schema.ts'
import { createTopics, fetch, joinGroup, metadata, offsetCommit, produce } from '../../../broker/wire/tables/index.ts'
import { Writer } from '../../../broker/wire/writer.ts'
import { asGiven } from './model.ts'
import { readRecorded, type Exchange } from './recording/recorded-file.ts'

const FOLDER = join(import.meta.dirname, 'recorded')
const RECORDINGS = readdirSync(FOLDER).map(file => readRecorded(readFileSync(join(FOLDER, file), 'utf8')))

function apiOf({ api: name }: Exchange): Api {
  const api = APIS.find(each => each.name === name)
  if (!api) throw new Error(`there is no API ${name}`)
  return api
}

interface ReadRequest {
  readonly header: RequestHeader
  readonly clientId: string | null
  readonly body: Record<string, unknown>
  /** The position of the body. */
  readonly at: number
}

function readRequest(exchange: Exchange): ReadRequest {
  const api = apiOf(exchange)
  const reader = new Reader(exchange.request)
  const header = readHeader(reader)
  const clientId = readClientId(reader, api, header.apiVersion)
  const at = exchange.request.length - reader.remaining
  const body = codecOf(api, exchange.version).request.read(reader) as Record<string, unknown>
  expect(reader.remaining).toBe(0)
  return { header, clientId, body, at }
}

function readResponse(exchange: Exchange): Record<string, unknown> {
  const api = apiOf(exchange)
  const head = new Writer()
  writeResponseHeader(head, api, exchange.version, 0)
  const reader = new Reader(exchange.response, head.length)
  const body = codecOf(api, exchange.version).response.read(reader) as Record<string, unknown>
  expect(reader.remaining).toBe(0)
  return body
}

describe.each(RECORDINGS)('frames of $title', ({ exchanges }) => {
  const versions = [...Map.groupBy(exchanges, ({ api, version }) => `${api} ${version}`)].map(([title, group]) => ({ title, group }))

  test.each(versions)('are read and written back to the same bytes: $title', ({ group }) => {
    for (const exchange of group) {
      const api = apiOf(exchange)
      const codec = codecOf(api, exchange.version)
      const { header, clientId, body, at } = readRequest(exchange)
      expect(header).toMatchObject({ apiKey: api.key, apiVersion: exchange.version })
      expect(clientId).toBeTypeOf('string')
      const request = new Writer()
      codec.request.write(request, asGiven(api.request, body))
      expect(request.toBuffer().toString('hex')).toBe(exchange.request.toString('hex', at))
      const answer = new Writer()
      writeResponseHeader(answer, api, exchange.version, header.correlationId)
      codec.response.write(answer, asGiven(api.response, readResponse(exchange)))
      expect(answer.toBuffer().toString('hex')).toBe(exchange.response.toString('hex'))
    }
  })
})

describe('recorded requests', () => {
  function recorded(client: string, { name }: Api, version: number): Exchange[] {
    const exchanges =
      RECORDINGS.find(({ title }) => title.startsWith(client))?.exchanges.filter(each => each.api === name && each.version === version) ??
      []
    if (exchanges.length === 0) throw new Error(`${client} sent no ${name} ${version}`)
    return exchanges
  }
  const requests = <A extends Api>(client: string, api: A, version: number) =>
    recorded(client, api, version).map(exchange => readRequest(exchange).body as RequestOf<A>)
  const request = <A extends Api>(client: string, api: A, version: number) => requests(client, api, version)[0] as RequestOf<A>
  const answer = <A extends Api>(client: string, api: A, version: number) =>
    readResponse(recorded(client, api, version)[0]!) as A extends Api<any, infer Res> ? Decoded<Res> : never

  test('name the software and the version of every client', () => {
    const names = RECORDINGS.map(({ title, exchanges }) => ({
      title: title.split(' ')[0],
      produce: Math.max(...exchanges.filter(({ api }) => api === 'Produce').map(({ version }) => version)),
    }))
    expect(names).toEqual([
      { title: 'Java', produce: 11 },
      { title: 'kafkajs', produce: 7 },
      { title: 'kcat', produce: 7 },
      { title: '@platformatic/kafka', produce: 11 },
    ])
  })

  test.each([
    ['kafkajs', 7],
    ['kcat', 7],
    ['Java', 11],
    ['@platformatic', 11],
  ] as const)('Produce of %s %i: acks, topic, and a batch of format 2', (client, version) => {
    const {
      acks,
      transactionalId,
      topicData: [topic],
    } = request(client, produce, version)
    const batch = topic?.partitionData[0]?.records
    expect([1, -1]).toContain(acks)
    expect(transactionalId).toBeNull()
    expect(topic?.name).toMatch(/^recorded-/)
    expect(batch?.[16]).toBe(2)
    expect(batch?.readInt32BE(8)).toBe((batch?.length ?? 0) - 12)
    expect(answer(client, produce, version).responses[0]?.partitionResponses[0]).toMatchObject({
      index: topic?.partitionData[0]?.index,
      errorCode: 0,
      logAppendTimeMs: -1n,
      logStartOffset: 0n,
      recordErrors: [],
      errorMessage: null,
    })
  })

  test.each([
    ['kafkajs', 11],
    ['kcat', 11],
    ['Java', 12],
    ['@platformatic', 12],
  ] as const)('Fetch of %s %i: limits, position, and no session of a replica', (client, version) => {
    // Java names its partitions once in a session: the shortest of its requests have none.
    const {
      replicaId,
      minBytes,
      topics: [topic],
      rackId,
    } = requests(client, fetch, version).find(({ topics }) => topics.length > 0)!
    expect({ replicaId, minBytes, rackId }).toEqual({ replicaId: -1, minBytes: 1, rackId: '' })
    expect(topic?.partitions[0]).toMatchObject({ logStartOffset: -1n, lastFetchedEpoch: -1 })
  })

  test.each([
    ['kafkajs', 5],
    ['kcat', 5],
    ['Java', 9],
    ['@platformatic', 9],
  ] as const)('JoinGroup of %s %i: protocols with what their members subscribe to', (client, version) => {
    const { protocolType, protocols, groupInstanceId } = request(client, joinGroup, version)
    expect(protocolType).toBe('consumer')
    expect(protocols.length).toBeGreaterThan(0)
    expect(protocols[0]?.metadata.toString('latin1')).toContain('recorded-')
    expect(groupInstanceId).toBeNull()
  })

  test.each([
    ['kafkajs', 5],
    ['Java', 9],
    ['@platformatic', 9],
  ] as const)('OffsetCommit of %s %i: the generation and an offset', (client, version) => {
    const { memberId, topics } = request(client, offsetCommit, version)
    expect(memberId).toBeTypeOf('string')
    expect(topics[0]?.partitions[0]?.committedOffset).toBeGreaterThanOrEqual(0n)
  })

  test('CreateTopics of Java 7: configs, and the response with the id and all configs that apply to the topic', () => {
    const {
      topics: [topic],
      validateOnly,
    } = request('Java', createTopics, 7)
    expect(topic).toMatchObject({
      numPartitions: 2,
      replicationFactor: 1,
      assignments: [],
      configs: [{ name: 'retention.ms', value: '60000' }],
    })
    expect(validateOnly).toBe(false)
    const [created] = answer('Java', createTopics, 7).topics
    expect(created).toMatchObject({ errorCode: 0, errorMessage: null, topicConfigErrorCode: 0, numPartitions: 2, replicationFactor: 1 })
    expect(created?.topicId.equals(Buffer.alloc(16))).toBe(false)
    expect(created?.configs).toContainEqual({ name: 'retention.ms', value: '60000', readOnly: false, configSource: 1, isSensitive: false })
  })

  test('Metadata of Java 12: the response names the cluster, its node and the leaders', () => {
    const names = answer('Java', metadata, 12)
    expect(names).toMatchObject({ controllerId: 1, brokers: [{ nodeId: 1, host: '127.0.0.1', rack: null }] })
    expect(names.clusterId).toMatch(/^[\w-]{22}$/)
  })
})
