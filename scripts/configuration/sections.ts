import { namesOf, NODE_CERTIFICATES } from '../../local/parts/program-settings.ts'
import { localSettings } from '../../local/settings.ts'
import { processorSettings } from '../../processor/settings.ts'
import { cliSettings } from '../../src/cli/settings.ts'
import { hashSettings, redisSettings } from '../../src/counters/settings.ts'
import { kafkaSettings, topicSettings } from '../../src/events/settings.ts'
import { postgresSettings } from '../../src/ledger/settings.ts'
import type { Setting, SettingsTable } from '../../src/runtime/settings.ts'
import { serverSettings } from '../../src/server/settings.ts'

/** One table of the page. */
export interface Section {
  readonly title: string
  readonly intro: string
  readonly settings: readonly Setting<unknown>[]
}

const READERS = 'Read by the server, the processor, and `pingcli verify` and `rebuild`.'

const SHARED: readonly (readonly [title: string, intro: string, tables: readonly SettingsTable[]])[] = [
  ['Postgres', `${READERS} With none of them it is postgres://postgres@127.0.0.1:5432/ping.`, [postgresSettings]],
  ['Cache', `${READERS} With none of them it is redis://127.0.0.1:6379.`, [redisSettings]],
  ['Shape of the cache', 'Read by the processor and `pingcli rebuild`; give both the same.', [hashSettings]],
  ['Kafka', 'Read by the server and the processor.', [kafkaSettings, topicSettings]],
]

const listed = (names: readonly string[]) => names.map(name => `\`${name}\``).join(', ')

const LOCAL_INTRO = `Read by \`npm start\`. Of what else a shell may hold, the server and the processor get only what follows, and no other part gets any:

- ${listed(namesOf('passed'))}. The default of \`CORS_ORIGINS\` is here the server's own address: no other page in a browser of this machine may call.
- With \`KAFKA_BROKERS\`: ${listed(namesOf('with KAFKA_BROKERS'))}.
- With \`REDIS_URL\`: ${listed(namesOf('with REDIS_URL'))}.
- With either, of those that Node reads: ${listed(NODE_CERTIFICATES)}.

A wrong one among these ends the start before any part runs. Other settings of Ping that are set are named and not used.`

/** What a program has beyond the shared tables. */
function own(table: SettingsTable): readonly Setting<unknown>[] {
  const shared = new Set(SHARED.flatMap(([, , tables]) => tables).flatMap(shared => Object.values(shared)))
  return Object.values(table).filter(setting => !shared.has(setting))
}

/** Every setting of every program, in the order of the page. */
export const SECTIONS: readonly Section[] = [
  { title: 'Server', intro: '`npm run server`, and the tables of Postgres, the cache and Kafka below.', settings: own(serverSettings) },
  { title: 'Processor', intro: '`npm run processor`, and all tables below.', settings: own(processorSettings) },
  ...SHARED.map(([title, intro, tables]) => ({ title, intro, settings: tables.flatMap(table => Object.values(table)) })),
  { title: 'pingcli', intro: 'Options go before settings.', settings: own(cliSettings) },
  {
    title: 'Everything on one machine',
    intro: LOCAL_INTRO,
    settings: own(localSettings),
  },
]
