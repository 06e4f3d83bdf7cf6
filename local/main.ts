import { join } from 'node:path'
import { endWith } from '../src/runtime/end-with.ts'
import { WRONG_USAGE } from '../src/runtime/exit-codes.ts'
import { standardOutput } from '../src/runtime/log-output.ts'
import { SettingsError } from '../src/runtime/settings.ts'
import { readArguments, USAGE, UsageError, type Arguments } from './arguments.ts'
import { CannotStart } from './cannot-start.ts'
import { environment } from './environment.ts'
import { StartError } from './launch/child.ts'
import type { Programs } from './parts/programs.ts'
import { runLocal } from './run-local.ts'
import { readLocalSettings } from './settings.ts'
import { listenForStop } from './stop-requests.ts'

const ROOT = join(import.meta.dirname, '..')

/** `npm start`: the whole of Ping on this machine, and what the arguments ask for. Ends with the process. */
export async function main(programs: Programs, args: readonly string[]): Promise<void> {
  const asked = asArguments(args)
  if (asked instanceof UsageError) return endWith(WRONG_USAGE, process.stderr, `${asked.message}\n\n${USAGE}`)
  return asked.help ? endWith(0, process.stdout, USAGE) : run(programs, asked)
}

function asArguments(args: readonly string[]): Arguments | UsageError {
  try {
    return readArguments(args)
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
}

async function run(programs: Programs, { extras }: Arguments): Promise<never> {
  const requests = listenForStop({ startedByNpm: environment()['npm_lifecycle_event'] !== undefined })
  // A closed or paused terminal accepts no more text: that must neither end nor block this process before the parts are stopped.
  const output = standardOutput(lines => `(${lines} lines dropped: the output was not read)\n`)
  process.stderr.on('error', () => undefined)
  try {
    const settings = readLocalSettings(environment(), extras)
    const code = await runLocal({ settings, programs, requests, print: output.write, isTerminal: process.stdout.isTTY === true })
    await new Promise<void>(resolve => output.flush(resolve))
    process.exit(code)
  } catch (error) {
    const isPlain = error instanceof SettingsError || error instanceof CannotStart || error instanceof StartError
    process.stderr.write(`Ping cannot start.\n${isPlain ? error.message : error instanceof Error ? error.stack : error}\n`)
    process.exit(1)
  }
}

if (import.meta.main) {
  const programs: Programs = {
    server: join(ROOT, 'src', 'server', 'main.ts'),
    processor: join(ROOT, 'processor', 'main.ts'),
    broker: join(ROOT, 'broker', 'main.js'),
    pong: join(ROOT, 'pong', 'main.ts'),
    semaphore: join(ROOT, 'semaphore', 'main.ts'),
  }
  await main(programs, process.argv.slice(2))
}
