import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { UNUSABLE } from '../../src/runtime/exit-codes.ts'
import { wait } from '../../src/runtime/wait.ts'
import { heldCommand, NOT_RUN } from './held-command.ts'
import type { PlainUser } from './plain-user.ts'
import { readableLine } from './readable-line.ts'
import { systemEnvironment } from './system-environment.ts'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** How a caller follows the processes that it starts. */
export interface ChildHooks {
  /** Gets every line of standard output and standard error. */
  readonly onLine?: ((line: string) => void) | undefined
  /** Gets each process before its program runs: if this process is killed before that returns, the program never runs. */
  readonly onSpawn?: ((child: Child) => void) | undefined
}

export interface ChildOptions extends ChildHooks {
  /** The part's name, for messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Default: what a process needs of this system, and nothing else of the user's shell. */
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Its standard input; empty if absent. */
  readonly input?: string
  /** Run as this user (only root can). */
  readonly user?: PlainUser | undefined
}

/** A child process. It leads its own session, so that a terminal's Ctrl-C does not reach it. */
export interface Child {
  readonly name: string
  readonly pid: number
  /** Resolves once, when the process has ended. */
  readonly exited: Promise<Exit>
  /** Resolves when it has ended and all its output was read. */
  readonly read: Promise<void>
  /** How it ended, or undefined while it runs. */
  exit(): Exit | undefined
  /** Its last lines of output, oldest first. */
  tail(): readonly string[]
  /** Calls `see` with every further line, until the returned function is called. */
  watch(see: (line: string) => void): () => void
  /** Asks with `signal`, waits, and kills after `graceMs`. Resolves when it has ended; safe to call again. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<Exit>
  /** kill -9, as a crash would end it. Resolves when it has ended. */
  kill9(): Promise<Exit>
}

const TAIL_LINES = 40
const GRACE_MS = 10_000

/** Starts a process. Rejects when the command cannot be run at all. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { env = systemEnvironment(), user, onSpawn } = options
  const { command, args } = onSpawn ? heldCommand(options.command, options.args, env) : options
  const process = spawn(command, args, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(onSpawn ? ['pipe' as const] : [])],
    detached: true,
    env,
    ...(options.cwd && { cwd: options.cwd }),
    ...(user && { uid: user.uid, gid: user.gid }),
  }) as Process
  process.stdin?.on('error', () => undefined) // it ended without reading: its exit explains why
  process.stdin?.end(options.input)
  const running = new Promise<void>((resolve, reject) => {
    process.once('spawn', resolve)
    process.once('error', error => reject(cannotRun(options, error)))
  })
  const child = follow(process, options)
  if (process.pid !== undefined && onSpawn) {
    onSpawn(child)
    release(process.stdio[3] as Writable)
  }
  await running
  return child
}

/** Lets a held command run. */
function release(hold: Writable): void {
  hold.on('error', () => undefined) // it was killed: its exit explains why
  hold.end('go\n')
}

/** A missing or broken command stays so; a lack of memory or processes may pass. */
const NO_PROGRAM = ['ENOENT', 'EACCES', 'EPERM', 'ENOEXEC', 'ENOTDIR', 'ELOOP']

function cannotRun({ name, command }: ChildOptions, cause: NodeJS.ErrnoException): StartError {
  const message = `${name}: cannot run ${command}: ${cause.message}`
  return NO_PROGRAM.includes(cause.code ?? '') ? new FinalStartError(message, { cause }) : new StartError(message, { cause })
}

type Process = ChildProcessByStdio<Writable | null, Readable, Readable>

function follow(process: Process, { name, onLine }: ChildOptions): Child {
  let exit: Exit | undefined
  const exited = new Promise<Exit>(resolve => {
    process.once('exit', (code, signal) => {
      exit = { code, signal }
      resolve(exit)
    })
  })
  const read = new Promise<void>(resolve => process.once('close', () => resolve()))
  const lines = followLines(process, onLine)
  const signal = async (name: NodeJS.Signals) => {
    if (!exit) process.kill(name)
    return exited
  }
  return {
    name,
    pid: process.pid ?? 0,
    exited,
    read,
    exit: () => exit,
    ...lines,
    stop: async (name = 'SIGTERM', graceMs = GRACE_MS) => {
      const late = setTimeout(() => void signal('SIGKILL'), graceMs)
      return signal(name).finally(() => clearTimeout(late))
    },
    kill9: () => signal('SIGKILL'),
  }
}

function followLines(process: Process, onLine: ChildOptions['onLine']): Pick<Child, 'tail' | 'watch'> {
  const lines: string[] = []
  const watchers = new Set<(line: string) => void>(onLine ? [onLine] : [])
  for (const stream of [process.stdout, process.stderr]) {
    createInterface({ input: stream }).on('line', line => {
      if (lines.push(line) > TAIL_LINES) lines.shift()
      for (const see of watchers) see(line)
    })
  }
  return {
    tail: () => [...lines],
    watch: see => {
      watchers.add(see)
      return () => watchers.delete(see)
    },
  }
}

/** A process exited, or was not ready in time, while it was starting. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** A start that would fail again: another try is useless. */
export class FinalStartError extends StartError {}

/** Waits until `isReady` is true. If the process ends first, or after `limitMs`, it is killed, and the error contains its last lines. */
export async function untilReady(child: Child, isReady: () => Promise<boolean> | boolean, limitMs = 30_000): Promise<void> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const exit = child.exit()
    if (exit) throw await endedEarly(child, exit)
    if (await isReady()) return
    if (Date.now() > deadline) {
      await child.kill9()
      throw new StartError(`${child.name} was not ready after ${limitMs} ms${lastOutput(child)}`)
    }
    await wait(20)
  }
}

async function endedEarly(child: Child, exit: Exit): Promise<StartError> {
  const message = `${child.name} exited while starting (${describeExit(exit)})${await finalOutput(child)}`
  const isFinal = exit.code === UNUSABLE || NOT_RUN.includes(exit.code)
  return isFinal ? new FinalStartError(message) : new StartError(message)
}

export function describeExit(exit: Exit): string {
  return exit.signal ? `killed by ${exit.signal}` : `exit code ${exit.code}`
}

/** A grandchild may keep the output open: do not wait for that. */
const READ_LIMIT_MS = 1_000
/** The beginning of the line in which Ping's programs say why they end. */
const FATAL = '{"level":60,'

async function finalOutput(child: Child): Promise<string> {
  await Promise.race([child.read, wait(READ_LIMIT_MS)])
  return lastOutput(child)
}

/** Its last lines, or only the one that says why it ended. */
function lastOutput(child: Child): string {
  const fatal = child.tail().findLast(line => line.startsWith(FATAL))
  const lines = (fatal === undefined ? child.tail() : [fatal]).map(readableLine)
  return lines.length > 0 ? `; its last output:\n  ${lines.join('\n  ')}` : ', without any output'
}

/** Runs a command to its end and returns its output; rejects, with the output, when it fails. */
export async function runToEnd(options: ChildOptions): Promise<string> {
  const child = await startChild(options)
  const exit = await child.exited
  if (exit.code !== 0) throw new StartError(`${options.name} failed (${describeExit(exit)})${await finalOutput(child)}`)
  await Promise.race([child.read, wait(READ_LIMIT_MS)])
  return child.tail().join('\n')
}
