import { logSettings } from '../../../broker/config/log-settings.ts'
import { readConfig, type ConfigOptions } from '../../../broker/config/read-config.ts'
import type { Folder } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { adminHandlers } from '../../../broker/routes.ts'
import type { Call } from '../../../broker/server/handler.ts'
import { routesTo } from '../../../broker/server/route.ts'
import { Topics } from '../../../broker/topics/topics.ts'
import { codecOf, type Api } from '../../../broker/wire/api.ts'
import { Reader } from '../../../broker/wire/reader.ts'
import type { Decoded, Encodable } from '../../../broker/wire/schema.ts'
import { createTopics } from '../../../broker/wire/tables/index.ts'
import { Writer } from '../../../broker/wire/writer.ts'

type Sent<A> = A extends Api<infer Req, any> ? Encodable<Req> : never
export type Received<A> = A extends Api<any, infer Res> ? Decoded<Res> : never

export const NODE_ID = 7
export const CLUSTER_ID = 'a-cluster'
export const ADVERTISED = { host: 'broker.test', port: 9092 }

export interface NewTopic {
  readonly name: string
  readonly numPartitions?: number
  readonly replicationFactor?: number
  readonly assignments?: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[]
  readonly configs?: Readonly<Record<string, string | null>>
}

/** The admin handlers of a broker, without a connection: requests and responses are encoded to bytes and decoded, as over a connection. */
export class AdminUnderTest {
  readonly topics: Topics
  readonly #routes

  constructor(config: ConfigOptions = {}, folder: Folder = memoryFolder()) {
    const settings = readConfig({ options: { storage: 'memory', 'node.id': String(NODE_ID), ...config } })
    this.topics = Topics.open({
      folder,
      logSettings: configs => logSettings(settings, configs),
      defaultPartitions: settings.numPartitions,
      now: () => Date.now(),
      failed: error => {
        throw error
      },
    })
    const routes = routesTo(adminHandlers({ topics: this.topics, settings, clusterId: CLUSTER_ID }))
    this.#routes = new Map(routes.map(route => [route.api.key, route]))
  }

  async ask<A extends Api>(api: A, version: number, request: Sent<A>): Promise<Received<A>> {
    const codec = codecOf(api, version)
    const call: Call = { version, clientId: null, clientHost: '/127.0.0.1', advertised: ADVERTISED, signal: new AbortController().signal }
    const response = await this.#routes.get(api.key)?.handle(codec.request.read(new Reader(bytesOf(codec.request, request))) as never, call)
    return codec.response.read(new Reader(bytesOf(codec.response, response))) as Received<A>
  }

  /** CreateTopics in its latest version; the default is one partition on one broker. */
  async create(topics: readonly NewTopic[], { version = 7, validateOnly = false } = {}): Promise<Received<typeof createTopics>['topics']> {
    const request = topics.map(({ name, numPartitions = 1, replicationFactor = 1, assignments = [], configs = {} }) => {
      return {
        name,
        numPartitions,
        replicationFactor,
        assignments,
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      }
    })
    return (await this.ask(createTopics, version, { topics: request, timeoutMs: 1000, validateOnly })).topics
  }

  names(): string[] {
    return this.topics
      .all()
      .map(({ name }) => name)
      .toSorted()
  }
}

function bytesOf(codec: { write: (w: Writer, value: any) => void }, value: unknown): Buffer {
  const writer = new Writer()
  codec.write(writer, value)
  return Buffer.from(writer.toBuffer())
}

/** A folder in which no file can be replaced while `isFull()`. */
export function fillableFolder(isFull: () => boolean): Folder {
  const folder = memoryFolder()
  return {
    open: name => folder.open(name),
    names: () => folder.names(),
    folder: name => folder.folder(name),
    remove: name => folder.remove(name),
    readWhole: name => folder.readWhole(name),
    replace: (name, content) => {
      if (isFull()) throw new Error('ENOSPC: no space left on device, write')
      folder.replace(name, content)
    },
  }
}
