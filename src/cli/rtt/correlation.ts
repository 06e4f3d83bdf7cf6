import { randomBytes } from 'node:crypto'

/** Hex digits of a sequence number: more than a run can reach. */
const SEQ_DIGITS = 12

/**
 * The correlation ids of one run: UUIDs of version 8. The last 12 digits are the probe's number, all others belong to the run. So own
 * records are recognised without a table, however long ago they were sent.
 */
export class Correlation {
  readonly #prefix: string

  constructor(random: Buffer = randomBytes(10)) {
    const hex = random.toString('hex')
    this.#prefix = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}-a${hex.slice(15, 18)}-`
  }

  idOf(seq: number): string {
    return this.#prefix + seq.toString(16).padStart(SEQ_DIGITS, '0')
  }

  /** Undefined if the id is not one of this run. */
  seqOf(id: string): number | undefined {
    return id.startsWith(this.#prefix) ? Number.parseInt(id.slice(this.#prefix.length), 16) : undefined
  }
}
