import type { LaneProgress } from '../../../src/ledger/heads.ts'
import { MinuteSums } from '../../../src/server/count-reader/minute-sums.ts'
import type { PageReader } from '../../../src/server/page/page-states.ts'
import { PageStates, type PageStatesOptions } from '../../../src/server/page/page-states.ts'
import { MINUTE_MS } from '../../../src/terms/minute.ts'

type CacheLook = Awaited<ReturnType<PageReader['cacheLook']>>

/** What a page reads, in the hands of a test. */
export class FakeReader implements PageReader {
  total: PageReader['total'] = async () => ({ count: 12n, source: 'cache', ageMs: 300 })
  progress: PageReader['progress'] = async () => this.lanes
  cacheLook: PageReader['cacheLook'] = async () => this.look(12n)
  /** Each minute has as many pings as its number. */
  cachedMinutes: PageReader['cachedMinutes'] = async ({ startMs, endMs }) => {
    const [from, to] = [Number(startMs) / MINUTE_MS, Number(endMs) / MINUTE_MS]
    const minutes = new Map(Array.from({ length: to - from }, (_, index) => [from + index, from + index]))
    return { sums: MinuteSums.of({ from, to, minutes })!, provenMs: performance.now() }
  }
  /** With a ping on its way to Kafka: not at rest. */
  lanes: readonly LaneProgress[] = [{ lane: 0, seq: 12n, tag: 1n, published: 11n }]

  look(applied: bigint): NonNullable<CacheLook> {
    const timeMs = Date.now()
    const lanes = [{ applied: { seq: applied, tag: 1n }, asofMs: timeMs - 300 }]
    const state = { total: applied, minutesFrom: 0, minutesTo: 0, lanes }
    return { timeMs, hash: { state, counts: [], provenMs: performance.now() - 300 } }
  }
}

export function statesOf(reader: PageReader, options: Partial<PageStatesOptions> = {}): PageStates {
  return new PageStates({ reader, canWrite: () => true, kafkaRefusedSinceMs: () => undefined, ...options })
}
