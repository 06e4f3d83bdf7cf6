import { afterEach } from 'vitest'
import { ensureTopic } from '../../src/kafka/kafka.ts'
import { topicSettings } from '../../src/kafka/settings.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { testKafka } from '../kafka/kafka-fixture.ts'
import { uniqueName } from '../support/kafka.ts'
import { startProgram, type Program, type ProgramSettings } from '../support/programs.ts'
import { PongClient, type Topics } from './pong-client.ts'

/** Topics and a group of one test, and what runs with them. All ends after the test. */
export interface PongPlace {
  readonly brokers: string
  readonly topics: Topics
  readonly group: string
  /** Starts a server, which is ready when this resolves. */
  server(name: string, settings?: ProgramSettings): Promise<Program>
  /** A client that reads the reply topic, or another topic for its replies. */
  client(topics?: Partial<Topics>): Promise<PongClient>
}

const stops: (() => Promise<unknown>)[] = []

/** Call it once in a file: it ends what a test has started. */
export function stopAfterEach(): void {
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop()
  })
}

/** A place on these brokers, with an empty request topic and an empty reply topic. */
export async function createPlace(brokers: string, partitions = 3): Promise<PongPlace> {
  const group = uniqueName('pong')
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
      stops.push(() => server.stop())
      await server.untilReady()
      return server
    },
    client: async (others = {}) => {
      const client = new PongClient(brokers, { ...topics, ...others })
      stops.push(() => client.stop())
      await client.start()
      return client
    },
  }
}
