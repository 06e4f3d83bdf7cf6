/** A record in a form that every client can print: strings, and null for Kafka's null. */
export interface SampleRecord {
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
  /** ms since the epoch. */
  readonly timestamp: number
}

export const FIRST_TIMESTAMP = 1_700_000_000_000
/** Compresses well, and is longer than a compressor's look-back window for short matches. */
const LONG = 'the same words again and again, '.repeat(2_000)

/** Records that differ in everything that a client may get wrong; each has its own, increasing time. */
export function sampleRecords(): readonly SampleRecord[] {
  const shapes: readonly Omit<SampleRecord, 'timestamp'>[] = [
    { key: 'plain', value: 'value', headers: {} },
    { key: null, value: 'without a key', headers: {} },
    { key: 'tombstone', value: null, headers: {} },
    { key: 'empty', value: '', headers: {} },
    { key: 'headers', value: 'two', headers: { trace: 'abc-123', other: 'ü' } },
    { key: 'schlüssel ☃', value: 'Größe 🦆', headers: {} },
    { key: 'long', value: LONG, headers: {} },
    ...Array.from({ length: 20 }, (_, index) => ({ key: `k${index}`, value: `v${index}`, headers: {} })),
  ]
  return shapes.map((shape, index) => ({ ...shape, timestamp: FIRST_TIMESTAMP + index * 10 }))
}

export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
