import { describe, expect, test } from 'vitest'
import { Lines, TOO_LONG } from '../../../broker/console/lines.ts'
import { random } from '../records/fixture.ts'

const MAX_BYTES = 10

/** The lines of `text` if it arrives in pieces that end at `cuts`. */
function read(bytes: Buffer, cuts: readonly number[]): string[] {
  const lines = new Lines(MAX_BYTES)
  const found: string[] = []
  for (let index = 0; index <= cuts.length; index++) {
    lines.add(bytes.subarray(cuts[index - 1] ?? 0, cuts[index] ?? bytes.length))
    for (let line = lines.next(); line !== undefined; line = lines.next())
      found.push(line === TOO_LONG ? 'TOO LONG' : line.toString('latin1'))
  }
  return found
}

/** The expected lines, from the whole text at once. */
function expected(bytes: Buffer): string[] {
  const lines = bytes.toString('latin1').split('\n')
  const last = lines.pop()!
  const found = lines.map(line => line.replace(/\r$/, '')).map(line => (line.length > MAX_BYTES ? 'TOO LONG' : line))
  return last.length > MAX_BYTES + 1 ? [...found, 'TOO LONG'] : found
}

describe('lines of the console', () => {
  test('end with LF or CR LF, and may be empty', () => {
    expect(read(Buffer.from('one\ntwo\r\n\n\r\nfour\rfive\nrest'), [])).toEqual(['one', 'two', '', '', 'four\rfive'])
  })

  test('are the same for any split into packets, even within a character', () => {
    const text = Buffer.from('Grüße\r\n世界\n🎉\n')
    for (let cut = 0; cut <= text.length; cut++) expect(read(text, [cut])).toEqual(expected(text))
    expect(
      read(
        text,
        Array.from({ length: text.length }, (_, index) => index),
      ),
    ).toEqual(expected(text))
  })

  test('may have exactly the maximum length, with either line end', () => {
    expect(read(Buffer.from('0123456789\n0123456789\r\n'), [])).toEqual(['0123456789', '0123456789'])
    expect(read(Buffer.from('0123456789a\n0123456789a\r\n'), [])).toEqual(['TOO LONG', 'TOO LONG'])
  })

  test('that are too long are reported at once and only once, and skipped to their end', () => {
    expect(read(Buffer.from('0123456789ab'), [])).toEqual(['TOO LONG'])
    expect(read(Buffer.from('0123456789abcdef\nnext\n'), [12, 13, 16])).toEqual(['TOO LONG', 'next'])
  })

  test('are split as expected for random bytes in random pieces', () => {
    const next = random(7)
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(Array.from({ length: next() % 60 }, () => [10, 13, 97, 0xc3, 0xa9][next() % 5]!))
      const cuts = Array.from({ length: next() % 8 }, () => next() % (bytes.length + 1)).toSorted((one, other) => one - other)
      expect(read(bytes, cuts), `${bytes.toString('hex')} cut at ${cuts}`).toEqual(expected(bytes))
    }
  })
})
