import type { Folder } from '../log/folder.ts'
import { parseKept } from '../log/kept-json.ts'
import { storing } from '../log/storage-error.ts'

const FILE = 'producer-ids.json'
/** How many ids one write reserves. Ids that were not assigned before a restart are never assigned. */
const BLOCK = 1000n

function readNext(kept: unknown): bigint {
  const next = typeof kept === 'object' && kept !== null && 'next' in kept ? kept.next : undefined
  if (typeof next !== 'string' || !/^\d{1,18}$/.test(next))
    throw new Error(`next: got ${JSON.stringify(next)}, expected a number as a string`)
  return BigInt(next)
}

/** Assigns every idempotent producer an id that was never used before. */
export class ProducerIds {
  readonly #folder: Folder
  #next: bigint
  #end: bigint

  constructor(folder: Folder) {
    this.#folder = folder
    const content = folder.readWhole(FILE)
    this.#next = content === undefined ? 0n : parseKept(FILE, content, readNext)
    this.#end = this.#next
  }

  /** Throws KAFKA_STORAGE_ERROR. */
  next(): bigint {
    if (this.#next === this.#end) {
      const end = this.#end + BLOCK
      storing('reserving producer ids', () => this.#folder.replace(FILE, `${JSON.stringify({ next: String(end) })}\n`))
      this.#end = end
    }
    return this.#next++
  }
}
