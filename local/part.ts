import type { Child, ChildHooks } from './launch/child.ts'

/** In the order in which they are stopped: nobody loses what it needs while it drains. */
export const STOP_ORDER = ['server', 'processor', 'kafka', 'cache', 'postgres'] as const
export type PartName = (typeof STOP_ORDER)[number]

/** One process of Ping, and how to run it. */
export interface Part {
  readonly name: PartName
  /** Starts it and resolves when it can be used. Every process born on the way is told to `hooks`. */
  launch(hooks: ChildHooks): Promise<Child>
  /** What asks it to end in an orderly way. */
  readonly stopSignal: NodeJS.Signals
  /** How long it may take to end before it is killed, in ms. */
  readonly graceMs: number
  /** Its first failure ends the start; another part is tried some times more. */
  readonly isEssential: boolean
  /** What a person can do instead when it cannot run. */
  readonly remedy?: string
}
