import { NODE_CERTIFICATES } from '../../local/parts/program-settings.ts'
import { namesOf } from '../../local/parts/setting-rules.ts'
import { localSettings } from '../../local/settings.ts'
import { pongSettings } from '../../pong/settings.ts'
import { processorSettings } from '../../processor/settings.ts'
import { semaphoreSettings } from '../../semaphore/settings.ts'
import { cliSettings } from '../../src/cli/settings.ts'
import { hashSettings, redisSettings } from '../../src/counters/settings.ts'
import { eventSettings } from '../../src/events/settings.ts'
import { kafkaSettings, topicSettings } from '../../src/kafka/settings.ts'
import { postgresSettings } from '../../src/postgres/settings.ts'
import type { Setting, SettingsTable } from '../../src/runtime/settings.ts'
import { serverSettings } from '../../src/server/settings.ts'
import { tracingSettings } from '../../src/tracing/settings.ts'
import { portSettings } from '../../src/transport/settings.ts'

/** One table of the page. */
export interface Section {
  readonly title: string
  readonly intro: string
  readonly settings: readonly Setting<unknown>[]
}

const READERS = 'Used by the server, the processor, `pingcli verify` and `pingcli rebuild`'

const SHARED: readonly (readonly [title: string, intro: string, tables: readonly SettingsTable[]])[] = [
  ['Port of a service', 'Used by the server and the semaphore.', [portSettings]],
  [
    'Postgres',
    `${READERS}, and by the semaphore. If none is set, Postgres is at postgres://postgres@127.0.0.1:5432/ping.`,
    [postgresSettings],
  ],
  ['Cache', `${READERS}. If none is set, the cache is at redis://127.0.0.1:6379.`, [redisSettings]],
  ['Shape of the cache', 'Used by the processor and `pingcli rebuild`; set the same value for both.', [hashSettings]],
  ['Kafka', 'Used by the server, the processor, the pong server, the semaphore and `pingcli rtt`.', [kafkaSettings, topicSettings]],
  ['Topic of the pings', 'Used by the server and the processor.', [eventSettings]],
  [
    'Traces',
    'Used by the server and the processor, with the names that OpenTelemetry gives them: see [operations](operations.md#traces). If the process runs an SDK of your own (`node --import`), Ping uses that and ignores these settings. If traces are off, it ignores them, too, right or wrong.',
    [tracingSettings],
  ],
]

const listed = (names: readonly string[]) => names.map(name => `\`${name}\``).join(', ')

const LOCAL_INTRO = `Used by \`npm start\`. Of the other settings in the shell, only these reach the programs that have them (the server, the processor, pong, the semaphore), and none reaches another part:

- ${listed(namesOf('passed'))}. With \`npm start\`, the default of \`CORS_ORIGINS\` is the program's own address: no other page in a browser of this machine may read an answer or send the semaphore a command.
- With \`KAFKA_BROKERS\`: ${listed(namesOf('with KAFKA_BROKERS'))}.
- With \`REDIS_URL\`: ${listed(namesOf('with REDIS_URL'))}.
- With either, these variables of Node: ${listed(NODE_CERTIFICATES)}.

If one of these is wrong, \`npm start\` ends before it starts any part. It lists other settings that are set, and ignores them: among them those of pong and the semaphore if they do not run.`

/** The settings of a program that are not in the shared tables. */
function own(table: SettingsTable): readonly Setting<unknown>[] {
  const shared = new Set(SHARED.flatMap(([, , tables]) => tables).flatMap(shared => Object.values(shared)))
  return Object.values(table).filter(setting => !shared.has(setting))
}

/** Every setting of every program, in the order of the page. */
export const SECTIONS: readonly Section[] = [
  {
    title: 'Server',
    intro: '`npm run server` uses these, and the tables of the port, Postgres, the cache and Kafka below.',
    settings: own(serverSettings),
  },
  {
    title: 'Processor',
    intro: '`npm run processor` uses these, and the tables of Postgres, the cache and Kafka below.',
    settings: own(processorSettings),
  },
  { title: 'Pong', intro: '`npm run pong` uses these, and the table of Kafka below.', settings: own(pongSettings) },
  {
    title: 'Semaphore',
    intro: '`npm run semaphore` uses these, and the tables of the port, Postgres and Kafka below.',
    settings: own(semaphoreSettings),
  },
  ...SHARED.map(([title, intro, tables]) => ({ title, intro, settings: tables.flatMap(table => Object.values(table)) })),
  { title: 'pingcli', intro: 'Options override settings.', settings: own(cliSettings) },
  {
    title: 'Everything on one machine',
    intro: LOCAL_INTRO,
    settings: own(localSettings),
  },
]
