import { seal, unseal } from './checked-file.ts'
import { fileName, SNAPSHOT_SUFFIX } from './file-names.ts'
import type { Folder } from './folder.ts'
import type { ProducerState } from './producer-states.ts'

const KIND = 'ping-broker producers 1\n'
/** The newest snapshot and one to fall back to. */
const KEPT = 2

/** Snapshots of the producer states, each in a file named after the offset at which the log ended. */
export class Snapshots {
  readonly #folder: Folder
  /** Ascending. */
  readonly #offsets: bigint[]

  constructor(folder: Folder, offsets: readonly bigint[]) {
    this.#folder = folder
    this.#offsets = [...offsets]
  }

  /** The newest readable snapshot; `findings` gets a line for each damaged one. */
  newest(findings: string[]): { readonly offset: bigint; readonly states: ProducerState[] } | undefined {
    for (const offset of this.#offsets.toReversed()) {
      const states = decode(this.#folder.readWhole(fileName(offset, SNAPSHOT_SUFFIX)))
      if (states) return { offset, states }
      findings.push(
        `the producer snapshot at offset ${offset} is damaged; the state of the producers is rebuilt from an older snapshot and the records`,
      )
    }
    return undefined
  }

  write(offset: bigint, states: readonly ProducerState[]): void {
    if (this.#offsets.at(-1) === offset) return
    // The state of producers cannot be rebuilt once their records are deleted. Losing an empty snapshot costs only time.
    this.#folder.replace(fileName(offset, SNAPSHOT_SUFFIX), encode(states), { mayBeLost: states.length === 0 })
    this.#offsets.push(offset)
    while (this.#offsets.length > KEPT) this.#remove(0)
  }

  /** Removes the snapshots that cover records which the log lost. */
  removeAfter(offset: bigint): void {
    while (this.#offsets.length > 0 && this.#offsets.at(-1)! > offset) this.#remove(this.#offsets.length - 1)
  }

  #remove(place: number): void {
    this.#folder.remove(fileName(this.#offsets[place]!, SNAPSHOT_SUFFIX))
    this.#offsets.splice(place, 1)
  }
}

function encode(states: readonly ProducerState[]): Buffer {
  return seal(KIND, Buffer.from(JSON.stringify(states, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))))
}

/** Undefined if the file is missing or damaged. */
function decode(file: Buffer | undefined): ProducerState[] | undefined {
  const content = unseal(KIND, file)
  if (content === undefined) return undefined
  return (JSON.parse(content.toString()) as Written<ProducerState>[]).map(({ producerId, batches, ...rest }) => ({
    ...rest,
    producerId: BigInt(producerId),
    batches: batches.map(batch => ({ ...batch, baseOffset: BigInt(batch.baseOffset), timestamp: BigInt(batch.timestamp) })),
  }))
}

/** JSON has no bigint: they are written as strings. */
type Written<T> = {
  readonly [Name in keyof T]: T[Name] extends bigint ? string : T[Name] extends readonly (infer Item)[] ? readonly Written<Item>[] : T[Name]
}
