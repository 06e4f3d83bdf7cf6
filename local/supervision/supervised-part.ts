import { wait } from '../../src/runtime/wait.ts'
import { describeExit, FinalStartError, StartError, type Child } from '../launch/child.ts'
import type { Part } from '../part.ts'
import type { PidFiles } from './pid-files.ts'

/** `stopped`: it was stopped, or cannot run. */
export type PartState = 'starting' | 'ready' | 'stopped'

export interface Surroundings {
  readonly pidFiles: PidFiles
  /** Gets a line of the part's own output. */
  readonly output: (line: string) => void
  /** Gets what happens to the part. */
  readonly report: (event: string) => void
  /** Gets the reason, once, when the part cannot run and is not tried again. */
  readonly failed: (reason: Error) => void
}

/** A part that ran this long is healthy: its next exit counts as the first one again. */
const STEADY_MS = 10_000
const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 5_000
/** A part that was never ready is tried this many times. One that was ready before is tried until it is ready again. */
const FIRST_TRIES = 5

/** An error of the system, PostgreSQL or a part needs no stack; anything else is a bug. */
function isOfSystem(error: unknown): error is Error {
  return (
    error instanceof StartError ||
    (error instanceof Error && typeof (error as { code?: unknown }).code === 'string' && !(error instanceof TypeError))
  )
}

/** Keeps one part running: when it exits unexpectedly, that is reported and it is restarted, the first time at once. */
export class SupervisedPart {
  readonly part: Part
  readonly #around: Surroundings
  readonly #firstPauseMs: number
  readonly #stop = new AbortController()
  #child: Child | undefined
  #loop: Promise<void> | undefined
  #failures = 0
  #isReady = false
  #wasReady = false

  constructor(part: Part, around: Surroundings, firstPauseMs = FIRST_PAUSE_MS) {
    this.part = part
    this.#around = around
    this.#firstPauseMs = firstPauseMs
  }

  get state(): PartState {
    if (this.#isReady) return 'ready'
    return this.#stop.signal.aborted ? 'stopped' : 'starting'
  }

  /** Resolves when the part is ready for the first time; rejects when it cannot start, or is stopped before. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const stopped = () => reject(new Error(`${this.part.name} was stopped while starting`))
      this.#loop = this.#keepRunning(resolve).then(stopped, (reason: Error) => {
        this.#stop.abort()
        reject(reason)
        this.#around.failed(reason)
      })
    })
  }

  /** Stops it in an orderly way. Resolves when no process of the part is left. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const { stopSignal, graceMs } = this.part
    await this.#child?.stop(stopSignal, graceMs)
    await this.#loop
  }

  /** kill -9 of its current process. */
  async force(): Promise<void> {
    this.#stop.abort()
    await this.#child?.kill9()
  }

  async #keepRunning(onFirstReady: () => void): Promise<void> {
    const { signal } = this.#stop
    try {
      while (!signal.aborted) {
        const readyAt = await this.#launch(onFirstReady)
        if (signal.aborted) break
        if (readyAt !== undefined && Date.now() - readyAt >= STEADY_MS) this.#failures = 0
        const pauseMs = this.#failures === 0 ? 0 : Math.min(MAX_PAUSE_MS, this.#firstPauseMs * 2 ** (this.#failures - 1))
        this.#failures++
        this.#around.report(pauseMs === 0 ? 'restarting it now' : `restarting it in ${pauseMs / 1000} s`)
        await wait(pauseMs, signal)
      }
    } finally {
      this.#around.pidFiles.remove(this.part.name)
    }
  }

  /** One run of the part. Returns when it was ready, or undefined if it never was. Throws an error after which another try is useless. */
  async #launch(onFirstReady: () => void): Promise<number | undefined> {
    const { report } = this.#around
    try {
      const child = await this.part.launch({ onLine: this.#around.output, onSpawn: spawned => this.#born(spawned) })
      const readyAt = Date.now()
      this.#isReady = this.#wasReady = true
      report(`ready (pid ${child.pid})`)
      onFirstReady()
      const exit = await child.exited
      if (!this.#stop.signal.aborted) report(`exited unexpectedly (${describeExit(exit)})`)
      return readyAt
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined
      this.#throwIfUseless(error)
      report(error instanceof Error ? error.message : String(error))
      return undefined
    } finally {
      this.#isReady = false
    }
  }

  #throwIfUseless(error: unknown): void {
    const { isEssential, remedy } = this.part
    const tries = this.#failures + 1
    const isLast = !this.#wasReady && (isEssential || tries >= FIRST_TRIES)
    if (!isLast && !(error instanceof FinalStartError)) return
    if (!isOfSystem(error)) throw error
    const advice = remedy === undefined ? '' : `\n${remedy}`
    throw new FinalStartError(`${error.message}${tries > 1 ? `\n(try ${tries})` : ''}${advice}`, { cause: error })
  }

  #born(child: Child): void {
    this.#child = child
    this.#around.pidFiles.write(this.part.name, child.pid)
    // Asked to stop between two processes of one launch: this one is no longer wanted.
    if (this.#stop.signal.aborted) void child.kill9()
  }
}
