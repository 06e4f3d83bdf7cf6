import { acceptedKeys } from '../../broker/config/accepted-keys.ts'
import { brokerKeys } from '../../broker/config/broker-keys.ts'
import { expectedOf, type Key } from '../../broker/config/key.ts'
import { refusedKeys } from '../../broker/config/refused-keys.ts'
import { topicKeys, type TopicKey } from '../../broker/config/topic-keys.ts'
import { table } from './table.ts'

/** The tables of keys in docs/broker.md. */
export function renderTables(): string {
  const supported = Object.values<Key>(brokerKeys)
  const ofTopics = [...topicKeys.values()]
  return [
    '### Supported',
    table(
      ['Key', 'Default', 'Expected', 'What it does'],
      supported.map(key => [code(key.name), shown(key.fallback), expectedOf(key), key.help]),
    ),
    '### Accepted without effect',
    'The broker checks the type of the value. It refuses a value that asks for something that it does not have, such as a second node.',
    table(['Why', 'Keys'], grouped(acceptedKeys)),
    '### Refused',
    'A name that ends in `*` is a prefix.',
    table(
      ['Why', 'Keys'],
      refusedKeys.map(({ why, names }) => [sentence(why), names.map(code).join(', ')]),
    ),
    '### Topic keys',
    'A key that is not set for a topic has the value of the broker. Any other key is refused with INVALID_CONFIG.',
    table(
      ['Key', 'Default from', 'Expected', 'What it does'],
      ofTopics.filter(({ role }) => role === 'supported').map(key => [code(key.name), origin(key), expectedOf(key), key.help]),
    ),
    'Accepted without effect:',
    table(['Why', 'Keys'], grouped(ofTopics.filter(({ role }) => role === 'accepted'))),
  ].join('\n\n')
}

/** One row for each reason. */
function grouped(keys: readonly Pick<Key, 'name' | 'help'>[]): readonly (readonly string[])[] {
  const byReason = Map.groupBy(keys, ({ help }) => help)
  return [...byReason].map(([why, members]) => [why, members.map(({ name }) => code(name)).join(', ')])
}

function origin({ brokerKeys: sources, fallback }: TopicKey): string {
  return sources.length === 0 ? shown(fallback) : sources.map(({ key }) => code(key.name)).join(', ')
}

function shown(text: string | undefined): string {
  return text === undefined || text === '' ? 'none' : code(text)
}

function code(text: string): string {
  return `\`${text}\``
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
