import { readPongSettings } from '../../pong/settings.ts'
import { processorSettings } from '../../processor/settings.ts'
import { readSemaphoreSettings } from '../../semaphore/settings.ts'
import { redisOptions } from '../../src/counters/settings.ts'
import { kafkaConfig } from '../../src/kafka/settings.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { serverSettings } from '../../src/server/settings.ts'
import { withReadVariables } from '../../src/tracing/read-variables.ts'
import { traceReceiver } from '../../src/tracing/trace-receiver.ts'
import type { Extra } from '../arguments.ts'
import { environment } from '../environment.ts'
import { pick } from '../launch/system-environment.ts'
import type { LocalSettings } from '../settings.ts'
import { ALL_RULES, namesOf, RULED, type Rule } from './setting-rules.ts'

/** For the user's own Kafka or cache, whose certificate the user's own CA may have signed. */
export const NODE_CERTIFICATES = ['NODE_EXTRA_CA_CERTS', 'NODE_USE_SYSTEM_CA', 'SSL_CERT_FILE', 'SSL_CERT_DIR']
/** Read by `npm start` itself. */
const READ_HERE = ['HOST', 'PORT', 'PROCESSOR_PORT', 'PONG_PORT', 'SEMAPHORE_PORT', 'KAFKA_BROKERS', 'REDIS_URL', 'REDIS_PORT']

type Variables = Readonly<Record<string, string>>

export interface ProgramSettings {
  /** The variables of the user's shell that reach the programs: the server and the processor get the same. */
  readonly passed: Readonly<Record<'ping' | Extra, Variables>>
  /** The settings in the user's shell that reach no program that runs. */
  readonly ignored: readonly string[]
}

type Program = 'ping' | Extra

/** Which settings the programs get. Throws `SettingsError`, as the programs themselves would, for those that are wrong. */
export function programSettings(settings: LocalSettings, env: NodeJS.ProcessEnv = environment()): ProgramSettings {
  const rules = activeRules(settings)
  const certificates = rules.length > 1 ? pick(NODE_CERTIFICATES, env) : {}
  const running: readonly Program[] = ['ping', ...settings.extras]
  const passedTo = (name: Program): Variables => {
    if (!running.includes(name)) return {}
    const passed = pick(
      rules.flatMap(rule => namesOf(rule, [RULED[name]])),
      env,
    )
    CHECKS[name]({ ...passed, ...pick(['KAFKA_BROKERS', 'REDIS_URL'], env) })
    return { ...passed, ...certificates }
  }
  const passed = { ping: passedTo('ping'), pong: passedTo('pong'), semaphore: passedTo('semaphore') }
  const used = [...READ_HERE, ...Object.values(passed).flatMap(Object.keys)]
  const ours = pick(
    ALL_RULES.flatMap(rule => namesOf(rule)),
    env,
  )
  return {
    passed,
    ignored: Object.keys(ours)
      .filter(name => !used.includes(name))
      .toSorted(),
  }
}

/** Each as the program itself checks them. */
const CHECKS: Readonly<Record<Program, (env: Variables) => void>> = {
  ping: env => {
    const settings = readSettings({ ...serverSettings, ...processorSettings }, withReadVariables(env))
    kafkaConfig(settings)
    redisOptions(settings)
    traceReceiver(settings)
  },
  pong: env => void kafkaConfig(readPongSettings(env)),
  semaphore: env => void kafkaConfig(readSemaphoreSettings(env)),
}

function activeRules({ kafkaBrokers, redisUrl }: LocalSettings): readonly Rule[] {
  return [
    'passed',
    ...(kafkaBrokers.length > 0 ? (['with KAFKA_BROKERS'] as const) : []),
    ...(redisUrl === undefined ? [] : (['with REDIS_URL'] as const)),
  ]
}
