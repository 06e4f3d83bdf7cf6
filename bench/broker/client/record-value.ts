/** The length of a value, in bytes. */
const VALUE_BYTES = 100
const TEMPLATE = Buffer.alloc(VALUE_BYTES, 'ping ')

/** A record's value: its number, padded. */
export function valueOf(number: number): Buffer {
  const value = Buffer.from(TEMPLATE)
  value.writeUInt32BE(number)
  return value
}

export function numberOf(value: Buffer | null): number {
  return value?.length === VALUE_BYTES ? value.readUInt32BE(0) : NaN
}
