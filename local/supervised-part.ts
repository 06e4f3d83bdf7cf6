import { wait } from '../src/runtime/wait.ts'
import type { Part } from './part.ts'
import { describeExit, FinalStartError, type Child } from './parts/child.ts'
import type { PidFiles } from './pid-files.ts'

/** `given up`: it ended for good, or was stopped. */
export type PartState = 'starting' | 'ready' | 'given up'

export interface Surroundings {
  readonly pidFiles: PidFiles
  /** Gets a line of the part's own output. */
  readonly output: (line: string) => void
  /** Gets what happens to the part. */
  readonly report: (event: string) => void
}

/** A part that ran so long is well: its next end is a first one again. */
const STEADY_MS = 10_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 5_000

/** Keeps one part running: when it ends by itself it is named and started again, the first time at once. */
export class SupervisedPart {
  readonly part: Part
  readonly #around: Surroundings
  readonly #stop = new AbortController()
  #child: Child | undefined
  #loop: Promise<void> | undefined
  #failures = 0
  #isReady = false

  constructor(part: Part, around: Surroundings) {
    this.part = part
    this.#around = around
  }

  get state(): PartState {
    if (this.#isReady) return 'ready'
    return this.#stop.signal.aborted ? 'given up' : 'starting'
  }

  /** Resolves when the part is ready for the first time; rejects when an essential part cannot start, or when stopped before. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#loop = this.#keepRunning(resolve).then(() => reject(new Error(`${this.part.name} was stopped while starting`)), reject)
    })
  }

  /** Orderly. Resolves when no process of the part is left. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const { stopSignal, graceMs } = this.part
    await this.#child?.stop(stopSignal, graceMs)
    await this.#loop?.catch(() => undefined) // a failed start was told to whoever started it
  }

  /** kill -9 of what runs now. */
  async force(): Promise<void> {
    this.#stop.abort()
    await this.#child?.kill9()
  }

  async #keepRunning(onFirstReady: () => void): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const readyAt = await this.#launch(onFirstReady)
      if (signal.aborted) break
      if (readyAt !== undefined && Date.now() - readyAt >= STEADY_MS) this.#failures = 0
      const pauseMs = this.#failures === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1))
      this.#failures++
      this.#around.report(pauseMs === 0 ? 'starting it again at once' : `starting it again in ${pauseMs / 1000} s`)
      await wait(pauseMs, signal)
    }
    this.#around.pidFiles.remove(this.part.name)
  }

  /** One life of the part. Returns when it was ready, or undefined when it never was. */
  async #launch(onFirstReady: () => void): Promise<number | undefined> {
    const { part } = this
    const { report } = this.#around
    let readyAt: number | undefined
    try {
      const child = await part.launch({ onLine: this.#around.output, onSpawn: spawned => this.#born(spawned) })
      readyAt = Date.now()
      this.#isReady = true
      report(`ready (pid ${child.pid})`)
      onFirstReady()
      const exit = await child.exited
      if (!this.#stop.signal.aborted) report(`ended by itself (${describeExit(exit)})`)
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined
      if (part.isEssential && this.#failures === 0) throw error
      report(error instanceof Error ? error.message : String(error))
      if (error instanceof FinalStartError) this.#stop.abort()
    } finally {
      this.#isReady = false
    }
    return readyAt
  }

  #born(child: Child): void {
    this.#child = child
    this.#around.pidFiles.write(this.part.name, child.pid)
    // Asked to stop between two processes of one launch: this one came too late.
    if (this.#stop.signal.aborted) void child.kill9()
  }
}
