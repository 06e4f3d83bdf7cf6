import { SharedLookup } from './shared-lookup.ts'

/** The number of watchers that are woken in one turn of the event loop: other work gets its turn after them. */
const MAX_WOKEN = 100
/** With many watchers, looks are further apart, so that the watchers take one part in this many of the time. */
const SHARE = 5

export interface FeedOptions<T> {
  /** Looks at what is watched. */
  readonly look: () => Promise<T>
  /** True if a watcher that got `shown` does not have to get `found`. */
  readonly isSame: (shown: T, found: T) => boolean
  /** Time between two looks, and the minimum time between two states that a watcher gets, in ms. */
  readonly pauseMs: () => number
  /** The state that stands for a look that failed. What it throws ends all watches. Default: the failure itself does. */
  readonly whenFailed?: (error: unknown, last: T) => T
  /** A watch that begins up to this long after a look starts with its state, in ms. Default: 0, so it shows all that its caller did before. */
  readonly keptMs?: number
}

/** A state that watchers get. */
interface Shown<T> {
  /** As it was first seen. */
  readonly first: T
  /** As the last look saw it, which was the same. */
  last: T
}

interface Watcher<T> {
  seen: Shown<T>
  /** The first tick at which it may get another state: at least one pause after it got `seen`. */
  dueTick: number
  /** Defined while it waits for another state. */
  wake: (() => void) | undefined
}

/**
 * The looks at one thing, shared by all its watchers. A watcher gets the newest state and never a queue of them. There are looks
 * only while there are watchers; once the last one has left, or a failure has ended them all, the feed is over.
 */
export class Feed<T> {
  readonly #options: FeedOptions<T>
  readonly #lookup: SharedLookup<T>
  readonly #waiting = new Set<Watcher<T>>()
  #watchers = 0
  #nextLook: NodeJS.Timeout | undefined
  #isEmpty = false
  #ticks = 0
  #shown: Shown<T> | undefined
  #lookedAtMs = -Infinity
  #failure: { readonly error: unknown } | undefined

  constructor(options: FeedOptions<T>) {
    this.#options = options
    this.#lookup = new SharedLookup(options.look)
  }

  /** True if it can have no more watchers. */
  get isOver(): boolean {
    return this.#failure !== undefined || this.#isEmpty
  }

  get watchers(): number {
    return this.#watchers
  }

  /** The state at once, then the newest state after each change, until `ended` is aborted. Throws what the first look throws. */
  async *watch(ended: AbortSignal): AsyncGenerator<T> {
    this.#join()
    let watcher: Watcher<T> | undefined
    const wake = (): void => watcher?.wake?.()
    ended.addEventListener('abort', wake)
    try {
      const seen = await endedOr(ended, () => this.#first())
      if (seen === undefined) return
      // The first state is between two ticks, so the next tick is less than one pause later.
      watcher = { seen, dueTick: this.#ticks + 2, wake: undefined }
      while (!ended.aborted) {
        yield watcher.seen.last
        await this.#change(watcher, ended)
      }
    } finally {
      ended.removeEventListener('abort', wake)
      this.#leave()
    }
  }

  #join(): void {
    if (this.#watchers++ === 0) this.#lookLater()
  }

  #leave(): void {
    if (--this.#watchers > 0) return
    this.#isEmpty = true
    clearTimeout(this.#nextLook)
  }

  async #first(): Promise<Shown<T>> {
    const { keptMs = 0 } = this.#options
    if (this.#shown !== undefined && performance.now() - this.#lookedAtMs < keptMs) return this.#shown
    return this.#look()
  }

  /** A look that begins now or later. */
  async #look(): Promise<Shown<T>> {
    const found = await this.#lookup.get(true)
    this.#lookedAtMs = performance.now()
    return this.#show(found)
  }

  #show(found: T): Shown<T> {
    if (this.#shown !== undefined && this.#options.isSame(this.#shown.first, found)) this.#shown.last = found
    else this.#shown = { first: found, last: found }
    return this.#shown
  }

  /** Waits until there is another state than the watcher has seen, or `ended` is aborted. */
  async #change(watcher: Watcher<T>, ended: AbortSignal): Promise<void> {
    // Of a watcher that was slow, nothing is known but that it is between two ticks.
    let isLate = true
    while (!ended.aborted && !this.#isDue(watcher)) {
      if (this.#failure !== undefined) throw this.#failure.error
      isLate = false
      await this.#wakeUp(watcher)
    }
    watcher.seen = this.#shown ?? watcher.seen
    watcher.dueTick = this.#ticks + (isLate ? 2 : 1)
  }

  #isDue({ seen, dueTick }: Watcher<T>): boolean {
    return this.#shown !== seen && (this.#ticks >= dueTick || this.#failure !== undefined)
  }

  async #wakeUp(watcher: Watcher<T>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    watcher.wake = resolve
    this.#waiting.add(watcher)
    await promise
    this.#waiting.delete(watcher)
    watcher.wake = undefined
  }

  #lookLater(cpuMs = 0): void {
    this.#nextLook = setTimeout(() => void this.#tick(), Math.max(this.#options.pauseMs(), cpuMs * (SHARE - 1)))
  }

  async #tick(): Promise<void> {
    this.#failure = await this.#tryToLook()
    this.#ticks++
    const cpuMs = await this.#wakeDue()
    if (!this.isOver) this.#lookLater(cpuMs)
  }

  /** Resolves to the CPU time that it took, with all that the watchers did, in ms; 0 if they are few. */
  async #wakeDue(): Promise<number> {
    const due = [...this.#waiting].filter(watcher => this.#failure !== undefined || this.#isDue(watcher))
    const before = due.length > MAX_WOKEN ? process.cpuUsage() : undefined
    for (let at = 0; at < due.length; at += MAX_WOKEN) {
      for (const watcher of due.slice(at, at + MAX_WOKEN)) watcher.wake?.()
      if (due.length > MAX_WOKEN) await nextTurn()
    }
    if (before === undefined) return 0
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }

  /** Returns the failure that ends the watches, if there is one. */
  async #tryToLook(): Promise<{ readonly error: unknown } | undefined> {
    try {
      await this.#look().catch((error: unknown) => this.#keep(error))
      return undefined
    } catch (error) {
      return { error }
    }
  }

  /** Throws the failure if no state stands for it. */
  #keep(error: unknown): void {
    const { whenFailed } = this.#options
    if (whenFailed === undefined) throw error
    if (this.#shown !== undefined) this.#show(whenFailed(error, this.#shown.last))
  }
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => void setImmediate(resolve))
}

/** The outcome of what `begin` begins, or undefined as soon as `ended` is aborted. If it already is, nothing begins. */
async function endedOr<T>(ended: AbortSignal, begin: () => Promise<T>): Promise<T | undefined> {
  if (ended.aborted) return undefined
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  const onAbort = (): void => resolve(undefined)
  ended.addEventListener('abort', onAbort)
  try {
    return await Promise.race([begin(), aborted])
  } finally {
    ended.removeEventListener('abort', onAbort)
  }
}
