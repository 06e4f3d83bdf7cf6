import type { PageState } from '../../../src/server/page/page-state.ts'
import type { PageRequest } from '../../../src/transport/http/pages/page-request.ts'

export const AT_MS = Date.UTC(2026, 10, 28, 21, 4, 5)

export const BROWSER = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
  host: '127.0.0.1:8080',
}

/** A state in which every part works, with any others of its values. */
export function stateOf(values: Partial<PageState> = {}): PageState {
  return {
    atMs: AT_MS,
    total: { count: 1_234_567n, source: 'cache', ageMs: 120 },
    perSecond: 12.34,
    provenAtMs: AT_MS - 120,
    parts: [
      { name: 'postgres', state: 'up', text: 'Postgres accepts writes.' },
      { name: 'kafka', state: 'down', text: 'Kafka does not <answer>.' },
    ],
    lanes: [
      { lane: 0, head: 1_234_000n, published: 1_234_000n, applied: 1_233_990n, ageMs: 1_500 },
      { lane: 1, head: 567n, published: 560n, applied: undefined, ageMs: undefined },
    ],
    minutes: { firstMs: Date.UTC(2026, 10, 28, 21, 2), counts: [2n ** 53n + 1n, 0n, 3n] },
    version: '1234567',
    ...values,
  }
}

export function requestOf(headers: Readonly<Record<string, string>> = BROWSER, query = ''): PageRequest {
  return { path: '/', origin: 'http://127.0.0.1:8080', query: new URLSearchParams(query), header: name => headers[name] }
}
