import { seal, unseal } from './checked-file.ts'
import type { ProducerState } from './producer-states.ts'

/** The producer states as they were when the log ended at a certain offset, which is the file's name. */
const KIND = 'ping-broker producers 1\n'

export function encodeSnapshot(states: readonly ProducerState[]): Buffer {
  return seal(KIND, Buffer.from(JSON.stringify(states, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))))
}

/** Undefined if the file is missing or damaged. */
export function decodeSnapshot(file: Buffer | undefined): ProducerState[] | undefined {
  const content = unseal(KIND, file)
  if (content === undefined) return undefined
  return (JSON.parse(content.toString()) as Written<ProducerState>[]).map(({ producerId, batches, ...rest }) => ({
    ...rest,
    producerId: BigInt(producerId),
    batches: batches.map(batch => ({ ...batch, baseOffset: BigInt(batch.baseOffset), timestamp: BigInt(batch.timestamp) })),
  }))
}

/** JSON knows no bigint: they are written as text. */
type Written<T> = { readonly [Name in keyof T]: T[Name] extends bigint ? string : T[Name] extends readonly (infer Item)[] ? readonly Written<Item>[] : T[Name] }
