import { accessSync, constants } from 'node:fs'
import { FORCED } from '../src/runtime/exit-codes.ts'
import type { Extra } from './arguments.ts'
import { banner } from './banner.ts'
import { CannotStart } from './cannot-start.ts'
import { checkPorts } from './check-ports.ts'
import { lockDataFolder } from './data-folder.ts'
import { environment } from './environment.ts'
import { isBlank, partLine } from './part-line.ts'
import type { PartName } from './part.ts'
import { pingParts } from './parts/ping-parts.ts'
import type { Programs } from './parts/programs.ts'
import { RepeatFilter } from './repeat-filter.ts'
import { checkDistinctPorts, givenSettings, type LocalSettings } from './settings.ts'
import type { StopRequests } from './stop-requests.ts'
import { Supervisor } from './supervision/supervisor.ts'

export interface RunOptions {
  readonly settings: LocalSettings
  readonly programs: Programs
  readonly requests: StopRequests
  /** Gets all output. */
  readonly print: (text: string) => void
  readonly isTerminal: boolean
}

/** Runs all of Ping until it is asked to stop. Returns the exit code; throws CannotStart or SettingsError. */
export async function runLocal(options: RunOptions): Promise<number> {
  const { settings, print, isTerminal } = options
  checkDistinctPorts(settings)
  const folder = lockDataFolder(settings.dataDir, settings.extras)
  checkReadable(options.programs, settings.extras)
  const { parts, addresses, notes } = pingParts(settings, folder.path, options.programs)
  const repeats = new RepeatFilter()
  const supervisor = new Supervisor({
    parts,
    dataDir: folder.path,
    output: (part: PartName, line: string) => {
      if (!isBlank(line) && !repeats.isRepeated(part, line, Date.now())) print(partLine(part, line, isTerminal))
    },
    report: (part: PartName, event: string) => print(partLine(part, `* ${event}`, isTerminal)),
  })
  await supervisor.takeOver()
  await checkPorts(settings, givenSettings(environment()))
  for (const note of [...folder.notes, ...notes]) print(`${note}\n`)
  const announce = () => print(`\n${banner(settings, folder.path, addresses, name => supervisor.stateOf(name))}\n`)
  const code = await untilStopped(supervisor, options, announce)
  folder.release()
  return code
}

/** The user whom the data folder belongs to, and as whom this process now runs, must be able to read the programs. */
function checkReadable({ pong, semaphore, ...ping }: Programs, extras: readonly Extra[]): void {
  for (const file of [process.execPath, ...Object.values(ping), ...extras.map(name => ({ pong, semaphore })[name])]) {
    try {
      accessSync(file, constants.R_OK)
    } catch (cause) {
      throw new CannotStart(
        `user ${process.getuid?.()}, who owns the data folder, cannot read ${file}: install Ping in a folder that this user can read, or set another PING_DATA_DIR`,
        { cause },
      )
    }
  }
}

async function untilStopped(supervisor: Supervisor, options: RunOptions, announce: () => void): Promise<number> {
  const { requests, print } = options
  const asked = aborted(requests.stop)
  let failure: unknown
  const started = supervisor.start().then(announce)
  await Promise.race([started.then(() => asked), asked, supervisor.failed]).catch((error: unknown) => (failure = error))
  print(
    failure === undefined ? '\nStopping. Press Ctrl-C again to kill everything at once.\n' : '\nA part cannot run; stopping the others.\n',
  )
  const forced = aborted(requests.force).then(() => supervisor.force().then(() => 'forced' as const))
  const outcome = await Promise.race([supervisor.stop(), forced])
  if (outcome === 'forced') {
    print('Killed.\n')
    return FORCED
  }
  started.catch(() => undefined)
  if (failure !== undefined && !requests.stop.aborted) throw failure
  print('Stopped.\n')
  return 0
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
}
