import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { within } from '../../src/runtime/wait.ts'

const START_MS = 30_000
const STOP_MS = 15_000

/** A program of the bench in its own process, controlled by IPC. It ends when this process does. */
export interface IpcChild {
  readonly pid: number
  /** The first message, which says that it is ready. */
  readonly ready: unknown
  /** Sends a message and waits for the next answer, at most `ms`. */
  ask(message: object, ms: number): Promise<unknown>
  stop(): Promise<void>
  /** kill -9. Resolves when it has ended. */
  kill(): Promise<void>
}

/** Starts `file` (an absolute path) with `args` and waits until it says it is ready. */
export async function startIpcChild(file: string, args: readonly string[] = []): Promise<IpcChild> {
  const child = fork(file, args, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ready = await nextMessage(child, START_MS, `start of ${file}`)
  return {
    pid: child.pid ?? 0,
    ready,
    ask: (message, ms) => {
      child.send(message)
      return nextMessage(child, ms, `answer of ${file}`)
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.disconnect()
      await within(STOP_MS, '', exited).catch(() => child.kill('SIGKILL'))
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

function nextMessage(child: ChildProcess, ms: number, what: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const ended = (code: number | null): void => reject(new Error(`${what}: it ended with code ${code}`))
  child.once('message', resolve)
  child.once('exit', ended)
  return within(ms, `${what}: no message within ${ms} ms`, promise).finally(() => {
    child.off('message', resolve)
    child.off('exit', ended)
  })
}
