import { join } from 'node:path'
import { standardOutput } from '../src/runtime/log-output.ts'
import { readSettings, SettingsError } from '../src/runtime/settings.ts'
import { CannotStart } from './cannot-start.ts'
import { environment } from './environment.ts'
import { StartError } from './launch/child.ts'
import type { Programs } from './parts/ping-parts.ts'
import { runLocal } from './run-local.ts'
import { localSettings } from './settings.ts'
import { listenForStop } from './stop-requests.ts'

const ROOT = join(import.meta.dirname, '..')

/** `npm start`: the whole of Ping on this machine. Ends with the process. */
export async function main(programs: Programs): Promise<never> {
  const requests = listenForStop({ startedByNpm: environment()['npm_lifecycle_event'] !== undefined })
  // A closed or paused terminal accepts no more text: that must neither end nor block this process before the parts are stopped.
  const output = standardOutput(lines => `(${lines} lines dropped: the output was not read)\n`)
  process.stderr.on('error', () => undefined)
  try {
    const settings = readSettings(localSettings, environment())
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
  await main({
    server: join(ROOT, 'src', 'server', 'main.ts'),
    processor: join(ROOT, 'processor', 'main.ts'),
    broker: join(ROOT, 'broker', 'main.js'),
  })
}
