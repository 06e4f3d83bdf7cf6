import { eventSettings } from '../../src/events/settings.ts'
/** A relay as a separate process, to be killed and frozen: `node relay-program.ts '{"postgres":…,"brokers":…,"topic":…}'`. */
import { createKafka } from '../../src/kafka/kafka.ts'
import { kafkaSettings, topicSettings } from '../../src/kafka/settings.ts'
import { Publisher } from '../../src/relay/publisher.ts'
import { Relay } from '../../src/relay/relay.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { readSettings } from '../../src/runtime/settings.ts'

const { postgres, brokers, topic } = JSON.parse(process.argv[2]!)
const log = createLogger({ name: 'relay', level: 'silent' })
const settings = readSettings(
  { ...kafkaSettings, ...eventSettings, ...topicSettings },
  { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic, KAFKA_TOPIC_PARTITIONS: '3' },
)
const publisher = new Publisher(createKafka(settings, 'test', log), topic, settings)
const nothing = (): void => undefined
const metrics = { published: nothing, publishLag: nothing, foldLag: nothing, lanesHeld: nothing, relayRetried: nothing }
new Relay({ postgres, publisher, log, metrics, lingerMs: 5, pollMs: 50 }).start()
