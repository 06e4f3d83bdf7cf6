import { FRESH_WITHIN_MS } from '../../counters/freshness.ts'
import type { Count } from '../count-reader/count.ts'
import type { Part, PartName } from './page-state.ts'

/** What is known of the parts. Times are in ms. */
export interface Signs {
  /** How long Postgres has not answered reads. 0: it answers. */
  readonly postgresSilentMs: number
  /** Whether Postgres has answered a read since the start of the server. Before that, the cache cannot be read. */
  readonly isLedgerKnown: boolean
  /** Whether a ping could be recorded at the last check. Undefined: not checked yet. */
  readonly canWrite: boolean | undefined
  /** How long the cache has not answered. 0: it answers. */
  readonly cacheSilentMs: number
  /** How long the cache has been empty or incomplete. 0: it is complete. */
  readonly incompleteMs: number
  /** How long ago every lane of the cache was complete. Infinity: the cache's clock was set back. Undefined: never seen. */
  readonly cacheAgeMs: number | undefined
  /** How long Kafka has accepted nothing from this server. 0: it accepts. */
  readonly kafkaRefusedMs: number
  /** How long the pings of some lane have not moved on to Kafka. 0: none waits. */
  readonly stuckMs: number
  /** Pings that are not published. */
  readonly waiting: bigint
  /** Where the total comes from. Undefined: nothing can prove one. */
  readonly source: Count['source'] | undefined
}

/** A part that has been silent, or has not moved, for this long is down. In ms. */
const DOWN_AFTER_MS = { silent: FRESH_WITHIN_MS, still: 10_000 }

/** The state of each part, and a sentence that says what it means. */
export function partsOf(signs: Signs): readonly Part[] {
  return [postgres(signs), cache(signs), kafka(signs), processor(signs)]
}

function postgres({ postgresSilentMs: silentMs, canWrite }: Signs): Part {
  if (silentMs === 0 && canWrite === false) return down('postgres', 'Postgres answers, but does not accept writes: pings wait.')
  if (silentMs === 0) return up('postgres', 'Postgres records pings.')
  const text = `Postgres has not answered for ${duration(silentMs)}`
  if (silentMs < DOWN_AFTER_MS.silent || canWrite === true) return late('postgres', `${text}.`)
  return down('postgres', `${text}: pings wait, and counts get older.`)
}

function cache(signs: Signs): Part {
  const { cacheSilentMs: silentMs, incompleteMs, isLedgerKnown } = signs
  if (silentMs > 0 && !isLedgerKnown) return late('cache', 'Nothing is known of the cache until Postgres has answered.')
  if (silentMs > 0) {
    const text = `The cache has not answered for ${duration(silentMs)}: ${counts(signs)}.`
    return silentMs < DOWN_AFTER_MS.silent ? late('cache', text) : down('cache', text)
  }
  if (incompleteMs > 0) return late('cache', `The cache is empty or incomplete: ${counts(signs)}.`)
  return up('cache', 'The cache is complete.')
}

function kafka({ kafkaRefusedMs: refusedMs, postgresSilentMs, stuckMs, waiting }: Signs): Part {
  const meaning = `${waiting} ${waiting === 1n ? 'waits' : 'wait'} in Postgres, and counts include them`
  if (refusedMs > 0) {
    const text = `Kafka has accepted no pings for ${duration(refusedMs)}: ${meaning}.`
    return refusedMs < DOWN_AFTER_MS.silent ? late('kafka', text) : down('kafka', text)
  }
  if (postgresSilentMs > 0) return late('kafka', 'Nothing is known of Kafka while Postgres does not answer.')
  if (stuckMs < DOWN_AFTER_MS.silent) return up('kafka', waiting === 0n ? 'Kafka has every ping.' : 'Kafka is getting the last pings.')
  const text = `Pings have not reached Kafka for ${duration(stuckMs)}: ${meaning}.`
  return stuckMs < DOWN_AFTER_MS.still ? late('kafka', text) : down('kafka', text)
}

function processor(signs: Signs): Part {
  const { cacheSilentMs, incompleteMs, cacheAgeMs: ageMs, postgresSilentMs } = signs
  if (cacheSilentMs > 0 || (ageMs === undefined && incompleteMs === 0))
    return late('processor', 'Nothing is known of the processor while the cache does not answer.')
  const stillMs = incompleteMs > 0 ? incompleteMs : (ageMs ?? 0)
  if (stillMs <= FRESH_WITHIN_MS && incompleteMs === 0) return up('processor', 'The processor keeps the cache up to date.')
  if (postgresSilentMs > 0) return late('processor', 'The processor cannot complete the cache while Postgres does not answer.')
  if (stillMs === Infinity) return late('processor', `The clock of the cache was set back, so its age is unknown: ${counts(signs)}.`)
  const text = `The processor has not ${incompleteMs > 0 ? 'completed' : 'moved'} the cache for ${duration(stillMs)}: ${counts(signs)}.`
  return stillMs < DOWN_AFTER_MS.still ? late('processor', text) : down('processor', text)
}

function counts({ source }: Signs): string {
  if (source === undefined) return 'no count can be proven'
  return source === 'database' ? 'counts come from Postgres' : 'counts come from the cache'
}

/** In the largest unit that has at least two of it. */
function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`
}

function up(name: PartName, text: string): Part {
  return { name, state: 'up', text }
}

function late(name: PartName, text: string): Part {
  return { name, state: 'late', text }
}

function down(name: PartName, text: string): Part {
  return { name, state: 'down', text }
}
