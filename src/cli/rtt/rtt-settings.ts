import { text } from '../../runtime/settings.ts'
import { topicName } from './option-formats.ts'

const TOPIC = { expected: topicName.expected, pattern: /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/ }

/** The topics of the pong servers. The options override them. */
export const rttSettings = {
  requestTopic: text('PONG_REQUEST_TOPIC', { ...TOPIC, help: 'Topic of the pings; `--topic` overrides it.', fallback: 'ping' }),
  replyTopic: text('PONG_REPLY_TOPIC', { ...TOPIC, help: 'Topic of the replies; `--reply-topic` overrides it.', fallback: 'pong' }),
}
