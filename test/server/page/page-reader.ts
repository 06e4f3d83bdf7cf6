import type { LaneProgress } from '../../../src/ledger/heads.ts'
import type { PageReader } from '../../../src/server/page/page-states.ts'
import { PageStates, type PageStatesOptions } from '../../../src/server/page/page-states.ts'

type CacheLook = Awaited<ReturnType<PageReader['cacheLook']>>

/** What a page reads, in the hands of a test. */
export class FakeReader implements PageReader {
  total: PageReader['total'] = async () => ({ count: 12n, source: 'cache', ageMs: 300 })
  progress: PageReader['progress'] = async () => this.lanes
  cacheLook: PageReader['cacheLook'] = async () => this.look(12n)
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
