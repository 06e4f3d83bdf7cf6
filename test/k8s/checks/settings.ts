import { posix } from 'node:path'
import type { IEnvVar } from 'kubernetes-models/v1'
import { pongSettings, readPongSettings } from '../../../pong/settings.ts'
import { readSemaphoreSettings, semaphoreSettings } from '../../../semaphore/settings.ts'
import { redisOptions, redisSettings } from '../../../src/counters/settings.ts'
import { kafkaConfig, kafkaSettings } from '../../../src/kafka/settings.ts'
import { postgresConfig, postgresSettings } from '../../../src/postgres/settings.ts'
import { readSettings, SettingsError, type Environment, type SettingsTable } from '../../../src/runtime/settings.ts'
import { containersOf, type PlacedContainer } from '../cluster/workloads.ts'
import { perRendering } from './check.ts'
import { programOf, type Program } from './programs.ts'

/** Read by Node itself. */
const OF_NODE: ReadonlySet<string> = new Set(['NODE_OPTIONS', 'NODE_COMPILE_CACHE'])
const FROM_ELSEWHERE = 'from-a-secret'

/** Values are read by the programs' own tables, and then as a whole: some contradict each other. */
export const settings = perRendering('pass the settings that the programs have, and all that they need', ({ resources }) =>
  containersOf(resources).flatMap(placed => {
    const program = programOf(placed.container)
    const env = placed.container.env ?? []
    const known = new Set(Object.values(program.settings).map(setting => setting.env))
    return [
      ...env
        .filter(({ name }) => !known.has(name) && !OF_NODE.has(name))
        .map(({ name }) => `${placed.where}: passes ${name}, which ${program.file} does not read`),
      ...program.required
        .filter(name => env.every(other => other.name !== name))
        .map(name => `${placed.where}: does not pass ${name}, which ${program.file} needs`),
      ...ofFiles(placed),
      ...ofValues(placed, program),
    ]
  }),
)

/** Each file is in a folder that is mounted from a volume with that file. */
function ofFiles({ where, workload, container }: PlacedContainer): readonly string[] {
  return filesOf(container.env).flatMap(({ name, value = '' }) => {
    const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === posix.dirname(value))
    const volume = workload.pod.volumes?.find(other => other.name === mount?.name)
    const inside = volume?.secret?.items?.map(({ path }) => path) ?? []
    return inside.includes(posix.basename(value))
      ? []
      : [`${where}: got ${name} ${value}, expected a file of a volume that is mounted there: ${inside.join(', ') || 'none is'}`]
  })
}

function filesOf(env: readonly IEnvVar[] | undefined): readonly IEnvVar[] {
  return (env ?? []).filter(({ name }) => name.endsWith('_FILE'))
}

function ofValues({ where, container }: PlacedContainer, { settings: table }: Program): readonly string[] {
  const files = filesOf(container.env)
  // The files are in volumes: any existing file takes their place.
  const env = Object.fromEntries(
    (container.env ?? []).map(variable => [
      variable.name,
      files.includes(variable) ? import.meta.filename : (variable.value ?? FROM_ELSEWHERE),
    ]),
  )
  const attempts = [
    () => readSettings(table, env),
    ...(table === pongSettings ? [() => readPongSettings(env)] : []),
    ...(table === semaphoreSettings ? [() => readSemaphoreSettings(env)] : []),
    () => postgresConfig(readSettings(postgresSettings, env)),
    ...(has(table, redisSettings) ? [() => redisOptions(readSettings(redisSettings, env))] : []),
    ...(has(table, kafkaSettings) ? [() => kafkaConfig(readSettings(kafkaSettings, env as Environment))] : []),
  ]
  return [...new Set(attempts.flatMap(objectionOf))].map(objection => `${where}: ${objection}`)
}

function has(table: SettingsTable, part: SettingsTable): boolean {
  return Object.keys(part).every(name => name in table)
}

function objectionOf(attempt: () => unknown): readonly string[] {
  try {
    attempt()
    return []
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split('\n')
    throw error
  }
}
