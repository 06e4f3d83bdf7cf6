import type { Readiness } from './readiness.ts'

/** What an answer consists of. */
export interface Page {
  readonly status: number
  /** The content type. */
  readonly type: string
  readonly body: string | Uint8Array
  /** Further headers, by their lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface MetricsSource {
  /** The content type of `metrics()`. */
  readonly contentType: string
  /** All metrics in Prometheus' text format. */
  metrics(): Promise<string>
}

const TEXT = 'text/plain; charset=utf-8'

/** The pages by path. `/livez`: the event loop turns, nothing else. `/readyz`: the program can do its work. */
export function statusPages(readiness: Readiness, metrics: MetricsSource): ReadonlyMap<string, () => Promise<Page>> {
  return new Map([
    ['/livez', async () => text(200, 'ok')],
    ['/readyz', async () => (readiness.isReady ? text(200, 'ready') : text(503, `not ready: ${readiness.reason}`))],
    ['/metrics', async () => ({ status: 200, type: metrics.contentType, body: await metrics.metrics() })],
  ])
}

function text(status: number, line: string): Page {
  return { status, type: TEXT, body: `${line}\n` }
}
