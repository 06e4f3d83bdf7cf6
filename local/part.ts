import type { Child, ChildHooks } from './launch/child.ts'

/** In the order in which they are stopped: no part loses what it needs while it drains. */
export const STOP_ORDER = ['semaphore', 'pong', 'server', 'processor', 'kafka', 'cache', 'postgres'] as const
export type PartName = (typeof STOP_ORDER)[number]

/** One process that `npm start` runs, and how to run it. */
export interface Part {
  readonly name: PartName
  /** Starts it and resolves when it is ready. `hooks` gets every process that this starts. */
  launch(hooks: ChildHooks): Promise<Child>
  /** The signal for an orderly stop. */
  readonly stopSignal: NodeJS.Signals
  /** How long an orderly stop may take before it is killed, in ms. */
  readonly graceMs: number
  /** True: its first failure ends the start. False: it is tried several times. */
  readonly isEssential: boolean
  /** What the user can do when it cannot run. */
  readonly remedy?: string
}
