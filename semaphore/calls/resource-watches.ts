import { SharedLookup } from '../../src/runtime/shared-lookup.ts'
import { wait } from '../../src/runtime/wait.ts'
import type { ResourceDetail } from '../terms/reads.ts'

/** Minimum time between two states that a watcher gets, and between two looks at a resource, in ms. */
const INTERVAL_MS = 250

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
      feed = new Feed(() => this.#look(resource), this.#intervalMs)
      this.#feeds.set(resource, feed)
    }
    feed.join()
    return feed
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
  readonly #intervalMs: number
  readonly #empty = new AbortController()
  #watchers = 0
  #shown: Shown | undefined
  #failure: { readonly error: unknown } | undefined
  #changed = Promise.withResolvers<void>()

  constructor(look: () => Promise<ResourceDetail>, intervalMs: number) {
    this.#lookup = new SharedLookup(look)
    this.#intervalMs = intervalMs
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
    const { promise: aborted, resolve } = Promise.withResolvers<void>()
    const onAbort = (): void => resolve()
    ended.addEventListener('abort', onAbort)
    try {
      while (!ended.aborted) {
        if (this.#shown !== seen) return this.#shown
        if (this.#failure !== undefined) throw this.#failure.error
        await Promise.race([this.#changed.promise, aborted])
      }
      return undefined
    } finally {
      ended.removeEventListener('abort', onAbort)
    }
  }

  async #poll(): Promise<void> {
    const { signal } = this.#empty
    for (;;) {
      await wait(this.#intervalMs, signal)
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
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
