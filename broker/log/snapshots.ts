import { seal, unseal } from './checked-file.ts'
import { fileName, SNAPSHOT_SUFFIX } from './file-names.ts'
import type { Folder } from './folder.ts'
import type { ProducerState } from './producer-states.ts'

const KIND = 'ping-broker producers 1\n'
/** The newest, and one to go back to. */
const KEPT = 2

/** The producer states as they were when the log ended at certain offsets, each in a file that has the offset as its name. */
export class Snapshots {
  readonly #folder: Folder
  /** Ascending. */
  readonly #offsets: bigint[]

  constructor(folder: Folder, offsets: readonly bigint[]) {
    this.#folder = folder
    this.#offsets = [...offsets]
  }

  /** The newest that can be read; `findings` gets those that cannot. */
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
    // What is known of producers cannot be made anew once their records are deleted; that there are none costs only time.
    this.#folder.replace(fileName(offset, SNAPSHOT_SUFFIX), encode(states), { mayBeLost: states.length === 0 })
    this.#offsets.push(offset)
    while (this.#offsets.length > KEPT) this.#remove(0)
  }

  /** Those that tell of what the log lost. */
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

/** JSON knows no bigint: they are written as text. */
type Written<T> = {
  readonly [Name in keyof T]: T[Name] extends bigint ? string : T[Name] extends readonly (infer Item)[] ? readonly Written<Item>[] : T[Name]
}
