import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'
import { runCli as runProgram } from '../../src/cli/program.ts'
import { atDepth } from '../support/depth.ts'

export const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** What a command listens to until the process ends. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliRun {
  readonly child: ChildProcess
  readonly result: Promise<CliResult>
  /** Resolves when standard output or standard error contains the text. */
  shows(text: string): Promise<void>
}

/** pingcli as a process with pipes for its streams; it ends with the test at the latest. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): CliRun {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...withoutSettings(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill())
  const got = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', text => (got.stdout += text))
  child.stderr.setEncoding('utf8').on('data', text => (got.stderr += text))
  const result = new Promise<CliResult>(resolve => child.on('close', code => resolve({ code, ...got })))
  const shows = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if ((got.stdout + got.stderr).includes(text)) resolve()
      }
      child.stdout.on('data', look)
      child.stderr.on('data', look)
      child.on('close', () => reject(new Error(`pingcli ended without ${JSON.stringify(text)}: ${JSON.stringify(got)}`)))
      look()
    })
  return { child, result, shows }
}

type RunCli = (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<CliResult>

/** Always a process, as for what only a process shows. */
export const runCliProcess: RunCli = (args, env) => startCli(args, env).result

/** The commands that this file has run as a process. */
const ran = new Set<string>()

/** Within this process: a start takes 0.4 s of a core. Where TEST_DEPTH is `thorough`, a process for the first run of each command in a file. */
export const runCli: RunCli = (args, env) => {
  const command = args[0] ?? ''
  const isFirst = !ran.has(command)
  ran.add(command)
  return atDepth({ normally: callCli, thoroughly: isFirst ? runCliProcess : callCli })(args, env)
}

/** Always within this process, as for wrong uses, which end before anything is opened. */
export async function callCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  const got = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      got[name] += String(text)
      return true
    }),
  )
  const listeners = SIGNALS.map(signal => process.listeners(signal))
  try {
    const code = await runProgram(args, { ...withoutSettings(), ...env })
    return { code, ...got }
  } finally {
    for (const spy of spies) spy.mockRestore()
    for (const [index, signal] of SIGNALS.entries())
      for (const listener of process.listeners(signal)) if (!listeners[index]!.includes(listener)) process.off(signal, listener)
  }
}

/**
 * The result of a run with this --timeout, or of one with `PATIENT` if that is not as expected: on a busy machine, a short time may be
 * over before the first try has ended.
 */
export async function withPatience<T>(
  timeout: string,
  run: (timeout: string) => Promise<T>,
  isExpected: (result: T) => boolean,
): Promise<T> {
  const result = await run(timeout)
  return isExpected(result) ? result : run(PATIENT)
}

/** For a test with a process: on a busy machine, it may need half a minute to start. */
export const WHOLE_TEST_MS = 180_000
/** For `expect.poll` on what a process does after its start. */
export const STARTED = { timeout: 60_000 }

/** A value of --timeout. A try gets a third of it. */
export const PATIENT = '30s'

/** Without the settings and the locale of the user who runs the tests. */
export function withoutSettings(): Record<string, string | undefined> {
  const { PING_TOKEN_FILE: _1, PING_CA_FILE: _2, PING_CERT_FILE: _3, PING_KEY_FILE: _4, ...rest } = process.env
  const { PING_ADDRESS: _a, DATABASE_URL: _b, REDIS_URL: _c, NO_COLOR: _d, FORCE_COLOR: _e, LC_ALL: _f, LC_CTYPE: _g, ...env } = rest
  return { ...env, LANG: 'C.UTF-8', TERM: 'xterm' }
}
