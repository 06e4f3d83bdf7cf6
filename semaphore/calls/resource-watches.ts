import { Feed } from '../../src/runtime/feed.ts'
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
  readonly #feeds = new Map<string, Feed<Seen>>()

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
    const feed = this.#feedOf(resource)
    try {
      for await (const { state } of feed.watch(ended)) yield state
    } finally {
      if (feed.isOver && this.#feeds.get(resource) === feed) this.#feeds.delete(resource)
    }
  }

  #feedOf(resource: string): Feed<Seen> {
    const known = this.#feeds.get(resource)
    if (known !== undefined && !known.isOver) return known
    const feed = new Feed({
      look: async () => seenAs(await this.#look(resource)),
      isSame: (shown, found) => shown.text === found.text,
      pauseMs: () => this.#pauseMs(),
    })
    this.#feeds.set(resource, feed)
    return feed
  }

  /** Until the next look at a resource. With many resources it varies, so that not all are looked at together. */
  #pauseMs(): number {
    const shareMs = (this.#feeds.size * 1_000) / MAX_LOOKS_PER_SECOND
    return Math.max(this.#intervalMs, shareMs * (0.5 + Math.random()))
  }
}

/** A state and what it is compared by. */
interface Seen {
  readonly state: ResourceDetail
  readonly text: string
}

function seenAs(state: ResourceDetail): Seen {
  return { state, text: JSON.stringify(state, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) }
}
