import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

export interface FaultCommand {
  /** As it is typed. */
  readonly name: string
  /** Where its tests are. */
  readonly folders: readonly string[]
  /** Its options, each an integer, with the variable by which the tests get it. */
  readonly options: readonly FaultOption[]
}

export interface FaultOption {
  readonly name: string
  readonly what: string
  readonly variable: string
  readonly min: number
}

export const RUNS: FaultOption = { name: 'runs', what: 'kills of each part', variable: 'PING_FAULT_RUNS', min: 1 }
export const SEED: FaultOption = { name: 'seed', what: 'integer', variable: 'PING_FAULT_SEED', min: 0 }

/** Reads the command line, runs the tests with its settings, and exits as they do. */
export function runFaultTests({ name, folders, options }: FaultCommand): never {
  const { values, positionals } = parseArgs({
    options: Object.fromEntries(options.map(option => [option.name, { type: 'string' as const }])),
    allowPositionals: true,
  })
  const usage = `usage: ${name} -- ${options.map(option => `[--${option.name} <${option.what}>]`).join(' ')} [<part of a file name> …]`
  const env: NodeJS.ProcessEnv = { ...process.env, PING_FAULT_COMMAND: name }
  for (const { name: option, variable, min } of options) {
    const text = values[option]
    if (text === undefined) continue
    if (typeof text !== 'string' || !/^\d{1,9}$/.test(text) || Number(text) < min) {
      process.stderr.write(`--${option}: got ${JSON.stringify(text)}, expected an integer of ${min} or more\n${usage}\n`)
      process.exit(2)
    }
    env[variable] = text
  }
  const files = positionals.length > 0 ? folders.flatMap(folder => positionals.map(part => folder + part)) : folders
  process.exit(spawnSync('vitest', ['run', ...files], { stdio: 'inherit', env }).status ?? 1)
}
