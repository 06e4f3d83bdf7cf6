import { wait } from '../../runtime/wait.ts'
import type { PingCounter } from '../count-reader/ping-counter.ts'
import type { PageState } from './page-state.ts'

export interface PageStatesOptions {
  readonly counter: PingCounter
}

/** Minimum time between two looks, in ms. */
const INTERVAL_MS = 1_000

/** What the live page shows, now and then at each change. */
export class PageStates {
  readonly #options: PageStatesOptions

  constructor(options: PageStatesOptions) {
    this.#options = options
  }

  /** The state now. Never rejects: what is unreachable is in the state. */
  async now(): Promise<PageState> {
    const total = await this.#options.counter.total(false).catch(() => undefined)
    const atMs = Date.now()
    return {
      atMs,
      total,
      perSecond: undefined,
      provenAtMs: total && atMs - total.ageMs,
      parts: [],
      lanes: undefined,
      version: '',
    }
  }

  /** The state at once, then the newest state after each change, until `ended` is aborted. */
  async *watch(ended: AbortSignal): AsyncGenerator<PageState> {
    while (!ended.aborted) {
      yield await this.now()
      await wait(INTERVAL_MS, ended)
    }
  }
}
