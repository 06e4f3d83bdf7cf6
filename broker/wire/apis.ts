import type { Api } from './api.ts'
import * as tables from './tables/index.ts'

/** All APIs of the index, by key. */
export const APIS: readonly Api[] = Object.values<Api>(tables).toSorted((a, b) => a.key - b.key)
