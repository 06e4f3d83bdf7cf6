import { fileURLToPath } from 'node:url'
import type { Bench, ContenderKey } from '../bench.ts'
import { startIpcChild } from '../load/ipc-child.ts'
import type { LoadTarget } from './load-cell.ts'

/** A server under load, with what is needed to judge it. */
export interface Contender extends LoadTarget {
  readonly key: ContenderKey
  /** Why its figures cannot be trusted, or undefined if all `answered` pings are where they must be. */
  verify(answered: number): Promise<string | undefined>
  /** Ends it and removes what it stored. */
  stop(): Promise<void>
}

export type StartContender = (bench: Bench) => Promise<Contender>

/** Starts a contender that stores nothing. */
export function startStateless(key: 'a' | 'b', file: string): StartContender {
  return async bench => {
    const child = await startIpcChild(programFile(file))
    bench.teardown.add(child.stop)
    return {
      key,
      port: portOf(child.ready),
      pids: { server: child.pid },
      settle: async () => undefined,
      verify: async () => undefined,
      stop: child.stop,
    }
  }
}

export function programFile(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

/** The port that a contender's process announced. */
export function portOf(ready: unknown): number {
  return (ready as { port: number }).port
}
