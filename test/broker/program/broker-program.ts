import { join } from 'node:path'
import { startChild, type Child, type Exit } from '../../../local/launch/child.ts'
import type { PlainUser } from '../../../local/launch/plain-user.ts'
import { until } from '../../support/programs.ts'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'broker', 'main.js')

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string }

/** The broker as a separate program. */
export interface BrokerProgram {
  readonly child: Child
  /** Its output. */
  readonly lines: readonly string[]
  /** The log line with this message. */
  logged(msg: string): LogLine | undefined
  /** Resolves when it has ended and all its output is read. */
  ended(): Promise<Exit>
  /** Resolves with its log line when it is ready. */
  ready(): Promise<LogLine>
}

const started = new Set<Child>()

interface ProgramOptions {
  readonly cwd?: string
  /** Run as this user (only root can). */
  readonly user?: PlainUser | undefined
}

/** Starts it with these arguments. */
export async function startProgram(args: readonly string[], { cwd, user }: ProgramOptions = {}): Promise<BrokerProgram> {
  const lines: string[] = []
  const child = await startChild({
    name: 'ping-broker',
    command: process.execPath,
    args: [MAIN, ...args],
    user,
    onLine: line => lines.push(line),
    ...(cwd === undefined ? {} : { cwd }),
  })
  started.add(child)
  const logged = (msg: string): LogLine | undefined =>
    lines
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as LogLine)
      .find(line => line.msg === msg)
  return {
    child,
    lines,
    logged,
    ended: async () => {
      await child.read
      return child.exited
    },
    ready: async () => {
      await until(`ready; it said: ${lines.join('\n')}`, () => {
        if (child.exit()) throw new Error(`it ended: ${lines.join('\n')}`)
        return logged('ready') !== undefined
      })
      return logged('ready')!
    },
  }
}

/** On any free port, with these settings. */
export function startWith(settings: Readonly<Record<string, string | number>>, options: ProgramOptions = {}): Promise<BrokerProgram> {
  const all = { listeners: 'PLAINTEXT://127.0.0.1:0', ...settings }
  return startProgram(
    Object.entries(all).flatMap(([key, value]) => ['--override', `${key}=${value}`]),
    options,
  )
}

/** Runs it to its end. */
export async function runProgram(args: readonly string[]): Promise<{ readonly exit: Exit; readonly output: string }> {
  const { ended, lines } = await startProgram(args)
  return { exit: await ended(), output: lines.join('\n') }
}

export async function killAll(): Promise<void> {
  await Promise.all([...started].map(child => child.kill9()))
  started.clear()
}
