import { SharedLookup } from '../../src/runtime/shared-lookup.ts'
import { wait } from '../../src/runtime/wait.ts'
import type { ResourceDetail } from '../terms/reads.ts'

/** Minimum time between two states that a watcher gets, and between two looks at a resource, in ms. */
const INTERVAL_MS = 250
/** Maximum number of looks at all resources, in a second: with more resources, each is looked at less often. A look costs Postgres two short queries. */
const MAX_LOOKS_PER_SECOND = 400

export interface ResourceWatchesOptions {
  /** Looks at a resource. A failure ends its watches. */
  readonly look: (resource: string) => Promise<ResourceDetail>
  readonly intervalMs?: number
}

/** Watches of resources. All watchers of a resource share the looks at it. */
export class ResourceWatches {
  readonly #look: ResourceWatchesOptions['look']
  readonly #intervalMs: number
  readonly #feeds = new Map<string, Feed>()

  constructor({ look, intervalMs = INTERVAL_MS }: ResourceWatchesOptions) {
    this.#look = look
    this.#intervalMs = intervalMs
  }

  /** The number of watched resources. */
  get size(): number {
    return this.#feeds.size
  }

  /** The state of a resource at once, then each newest state after a change, until `ended` is aborted. Throws what `look` throws. */
  async *watch(resource: string, ended: AbortSignal): AsyncGenerator<ResourceDetail> {
    const feed = this.#join(resource)
    try {
      let shown: Shown | undefined = await feed.refresh()
      while (shown !== undefined && !ended.aborted) {
        yield shown.state
        await wait(this.#intervalMs, ended)
        shown = await feed.newerThan(shown, ended)
      }
    } finally {
      this.#leave(resource, feed)
    }
  }

  #join(resource: string): Feed {
    let feed = this.#feeds.get(resource)
    if (feed === undefined || feed.hasFailed) {
      feed = new Feed(
        () => this.#look(resource),
        () => this.#pauseMs(),
      )
      this.#feeds.set(resource, feed)
    }
    feed.join()
    return feed
  }

  /** Until the next look at a resource. With many resources it varies, so that not all are looked at together. */
  #pauseMs(): number {
    const shareMs = (this.#feeds.size * 1_000) / MAX_LOOKS_PER_SECOND
    return Math.max(this.#intervalMs, shareMs * (0.5 + Math.random()))
  }

  #leave(resource: string, feed: Feed): void {
    if (feed.leave() === 0 && this.#feeds.get(resource) === feed) this.#feeds.delete(resource)
  }
}

/** A state of a resource. Two looks that saw the same have the same object. */
interface Shown {
  readonly state: ResourceDetail
  readonly text: string
}

/** The looks at one resource. */
class Feed {
  readonly #lookup: SharedLookup<ResourceDetail>
  readonly #pauseMs: () => number
  readonly #empty = new AbortController()
  /** What the watchers that wait for a change are woken by. */
  readonly #waiting = new Set<() => void>()
  #watchers = 0
  #shown: Shown | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(look: () => Promise<ResourceDetail>, pauseMs: () => number) {
    this.#lookup = new SharedLookup(look)
    this.#pauseMs = pauseMs
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  join(): void {
    if (this.#watchers++ === 0) void this.#poll()
  }

  /** Returns the number of watchers that are left. A feed without watchers is not used again. */
  leave(): number {
    if (--this.#watchers === 0) this.#empty.abort()
    return this.#watchers
  }

  /** The state by a look that begins now or later, so a watcher sees what it did before. */
  async refresh(): Promise<Shown> {
    const state = await this.#lookup.get(true)
    const text = JSON.stringify(state, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    if (this.#shown?.text === text) return this.#shown
    this.#shown = { state, text }
    this.#wake()
    return this.#shown
  }

  /** Resolves to the newest state when it is another one. Undefined: `ended` was aborted. */
  async newerThan(seen: Shown, ended: AbortSignal): Promise<Shown | undefined> {
    while (!ended.aborted) {
      if (this.#shown !== seen) return this.#shown
      if (this.#failure !== undefined) throw this.#failure.error
      await this.#change(ended)
    }
    return undefined
  }

  /** Keeps nothing once `ended` is aborted: a resource may stay as it is while watchers come and go. */
  async #change(ended: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#waiting.add(wake)
    ended.addEventListener('abort', wake)
    await promise
    this.#waiting.delete(wake)
    ended.removeEventListener('abort', wake)
  }

  async #poll(): Promise<void> {
    const { signal } = this.#empty
    for (;;) {
      await wait(this.#pauseMs(), signal)
      if (signal.aborted) return
      try {
        await this.refresh()
      } catch (error) {
        this.#failure = { error }
        return this.#wake()
      }
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}
