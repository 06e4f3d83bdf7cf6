import type { IContainer } from 'kubernetes-models/v1'
import { pongSettings } from '../../../pong/settings.ts'
import { processorSettings } from '../../../processor/settings.ts'
import { semaphoreSettings } from '../../../semaphore/settings.ts'
import { cliSettings } from '../../../src/cli/settings.ts'
import { redisSettings } from '../../../src/counters/settings.ts'
import { postgresSettings } from '../../../src/postgres/settings.ts'
import type { Setting, SettingsTable } from '../../../src/runtime/settings.ts'
import { serverSettings } from '../../../src/server/settings.ts'

/** One of our programs, as a container calls it. */
export interface Program {
  readonly file: string
  /** What it reads; a setting beyond these does nothing. */
  readonly settings: SettingsTable
  /** What has to be passed in a cluster: without it the program would use its own machine, or run without protection. */
  readonly required: readonly string[]
  /** The setting of the port that it listens at. */
  readonly port: Setting<number> | undefined
}

const POSTGRES = ['DB_HOST', 'DB_USER', 'DB_PASSWORD', 'DB_NAME', 'DB_CA_FILE']
const CACHE = ['REDIS_HOST', 'REDIS_PASSWORD']
const KAFKA = ['KAFKA_BROKERS', 'KAFKA_TLS', 'KAFKA_CA_FILE', 'KAFKA_SASL_MECHANISM', 'KAFKA_USERNAME', 'KAFKA_PASSWORD']
/** Written out for those who read the manifests, who must find them in the topics and rights. */
const PONG = ['PONG_NAME', 'PONG_REQUEST_TOPIC', 'PONG_REPLY_TOPIC', 'PONG_GROUP']
const SEMAPHORE = ['REQUEST_TOPIC', 'EVENT_TOPIC', 'ACTIONABLE_TOPIC', 'OUTCOME_TOPIC', 'GROUP'].map(name => `SEMAPHORE_${name}`)

/** The program that a container runs. Throws for a command that is none of ours. */
export function programOf(container: IContainer): Program {
  const words = [...(container.command ?? []), ...(container.args ?? [])]
  const file = words.find(word => word.endsWith('.ts')) ?? ''
  switch (file) {
    case 'src/server/main.ts':
      return words.includes('--migrate-only') ? migration : server
    case 'processor/main.ts':
      return {
        file,
        settings: processorSettings,
        required: [...POSTGRES, ...CACHE, ...KAFKA, 'KAFKA_TOPIC', 'KAFKA_GROUP'],
        port: processorSettings.port,
      }
    case 'pong/main.ts':
      return { file, settings: pongSettings, required: [...KAFKA, ...PONG], port: pongSettings.port }
    case 'semaphore/main.ts':
      return { file, settings: semaphoreSettings, required: [...POSTGRES, ...KAFKA, ...SEMAPHORE], port: semaphoreSettings.port }
    case 'src/cli/main.ts':
      return verification(words)
    default:
      throw new Error(`container ${container.name}: got the command ${words.join(' ')}, expected one of our programs`)
  }
}

const server: Program = {
  file: 'src/server/main.ts',
  settings: serverSettings,
  required: [...POSTGRES, ...CACHE, ...KAFKA, 'KAFKA_TOPIC', 'LANES'],
  port: serverSettings.port,
}

const migration: Program = {
  file: 'src/server/main.ts',
  settings: { ...postgresSettings, lanes: serverSettings.lanes, logLevel: serverSettings.logLevel },
  required: [...POSTGRES, 'LANES'],
  port: undefined,
}

function verification(words: readonly string[]): Program {
  const [withCache, withServer] = [!words.includes('--no-cache'), !words.includes('--no-server')]
  return {
    file: 'src/cli/main.ts',
    settings: { ...postgresSettings, ...(withCache && redisSettings), ...(withServer && cliSettings) },
    required: [...POSTGRES, ...(withCache ? CACHE : []), ...(withServer ? ['PING_ADDRESS'] : [])],
    port: undefined,
  }
}
