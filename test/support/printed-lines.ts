import { delimiter, join } from 'node:path'

const COMMANDS = join(import.meta.dirname, 'commands')

/** The environment in which lines work that Ping prints and documents: what `commands` has serves where the machine has no other. */
export function shellEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH']}${delimiter}${COMMANDS}` }
}
