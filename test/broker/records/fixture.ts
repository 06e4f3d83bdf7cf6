import { readFileSync, readdirSync } from 'node:fs'

/**
 * Bytes compressed by other implementations: `*-java-*` and `kafka-clients-*` by snappy-java 1.1.10, lz4-java 1.10, zstd-jni 1.5.6 and
 * kafka-clients 4.1; `librdkafka-*` by librdkafka 2.16 (fetched from its mock broker); `rust-*` by the crate snap; `*-tool-*` by lz4 1.9.4, zstd and gzip.
 */
const FOLDER = new URL('./fixtures/', import.meta.url)

export function fixtureNames(ending: string): string[] {
  return readdirSync(FOLDER).filter(name => name.endsWith(ending))
}

export function fixture(name: string): Buffer {
  return readFileSync(new URL(name, FOLDER))
}

/** The content of the files that are not batches: 600 characters without a pattern, 250 times (three blocks of 64 KiB that refer back), then runs. */
export function content(): Buffer {
  let state = 1
  const characters = Array.from({ length: 600 }, () => {
    state = Number((BigInt(state) * 1103515245n + 12345n) % 2n ** 31n)
    return 32 + ((state >>> 16) % 95)
  })
  return Buffer.concat([
    ...Array.from({ length: 250 }, () => Buffer.from(characters)),
    Buffer.alloc(1000),
    Buffer.from('ab'.repeat(700)),
    Buffer.from('xyz'.repeat(333)),
  ])
}

/** Pseudo-random numbers below 2^32, the same ones for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** Damaged copies of `bytes`: with changed, truncated, repeated, added or random bytes. */
export function* mutations(bytes: Buffer, count: number, seed: number): Generator<Buffer> {
  const next = random(seed)
  for (let index = 0; index < count; index++) {
    const copy = Buffer.from(bytes)
    const at = next() % (copy.length || 1)
    switch (next() % 5) {
      case 0:
        for (let change = next() % 4; change >= 0; change--) copy[next() % copy.length] = next()
        yield copy
        break
      case 1:
        yield copy.subarray(0, at)
        break
      case 2:
        yield Buffer.concat([copy.subarray(0, at), copy.subarray(next() % copy.length)])
        break
      case 3:
        // The first bytes hold lengths and flags, so they are changed more often.
        copy[next() % Math.min(80, copy.length)] = [0, 1, 0x7f, 0x80, 0xff][next() % 5]!
        yield copy
        break
      default:
        yield Buffer.from(Array.from({ length: next() % 100 }, () => next() & 0xff))
    }
  }
}
