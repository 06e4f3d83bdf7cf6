import type { Page } from '../../../runtime/status-pages.ts'
import type { PageState } from '../page-state.ts'

/** Callers choose the zones and the names of the host. */
const MAX_PAGES = 32

/**
 * Pages that several callers get: those that show the same state, in the same zone, coding and so on. A state is the newest for a moment
 * only, and a page no longer.
 */
export class SharedPages {
  #state: PageState | undefined
  readonly #pages = new Map<string, Promise<Page>>()

  /** @param key what a page depends on, besides the state. A page that shows no state is not shared. */
  get(state: PageState | undefined, key: string, make: () => Promise<Page>): Promise<Page> {
    if (state === undefined) return make()
    if (state !== this.#state) {
      this.#pages.clear()
      this.#state = state
    }
    const page = this.#pages.get(key) ?? make()
    if (this.#pages.size < MAX_PAGES) this.#pages.set(key, page)
    return page
  }
}
