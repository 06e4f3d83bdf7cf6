import { topicName } from '../kafka/settings.ts'

/** The topic of Ping's own events. */
export const eventSettings = {
  kafkaTopic: topicName('KAFKA_TOPIC', {
    help: 'The topic of the pings. Records that cannot be decoded go to the topic with this name and the suffix .dead-letter.',
    fallback: 'ping-events',
  }),
}
