import { afterEach } from 'vitest'
import { ensureTopic } from '../../src/kafka/kafka.ts'
import { topicSettings } from '../../src/kafka/settings.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { testKafka } from '../kafka/kafka-fixture.ts'
import { uniqueName } from '../support/kafka.ts'
import { startProgram, type Program, type ProgramSettings } from '../support/programs.ts'
import { PongClient, type Topics } from './pong-client.ts'

/** Topics and a group of one test, and what runs with them. */
export interface PongPlace {
  readonly brokers: string
  readonly topics: Topics
  readonly group: string
  /** Starts a server, which is ready when this resolves. */
  server(name: string, settings?: ProgramSettings): Promise<Program>
  /** A client that reads the reply topic, or another topic for its replies. */
  client(topics?: Partial<Topics>): Promise<PongClient>
}

export interface PlaceOptions {
  readonly partitions?: number
  /** Takes what stops a server or a client, to be called after the test. Default: `stopAfterEach` calls them. */
  readonly onEnd?: (stop: () => Promise<void>) => void
}

const stops: (() => Promise<void>)[] = []

/** For a file whose tests run one after the other: ends what each has started. */
export function stopAfterEach(): void {
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop()
  })
}

/** A place on these brokers, with an empty request topic and an empty reply topic. */
export async function createPlace(
  brokers: string,
  { partitions = 3, onEnd = stop => stops.push(stop) }: PlaceOptions = {},
): Promise<PongPlace> {
  const group = uniqueName('pong').slice(0, 40)
  const topics = { request: uniqueName('ping'), reply: uniqueName('pong') }
  const settings = readSettings(topicSettings, { KAFKA_TOPIC_PARTITIONS: String(partitions) })
  for (const topic of [topics.request, topics.reply]) await ensureTopic(testKafka(brokers), topic, settings)
  const place = { KAFKA_BROKERS: brokers, PONG_GROUP: group, PONG_REQUEST_TOPIC: topics.request, PONG_REPLY_TOPIC: topics.reply }
  return {
    brokers,
    topics,
    group,
    server: async (name, more = {}) => {
      const file = { name: 'pong', file: 'pong/main.ts', portSetting: 'PONG_PORT' }
      const server = await startProgram(file, { ...place, PONG_NAME: name, ...more })
      onEnd(async () => void (await server.stop()))
      await server.untilReady()
      return server
    },
    client: async (others = {}) => {
      const client = new PongClient(brokers, { ...topics, ...others })
      onEnd(() => client.stop())
      await client.start()
      return client
    },
  }
}
