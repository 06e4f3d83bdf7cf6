import { describe, expect, test } from 'vitest'
import { compile } from '../../../broker/wire/compile.ts'
import { Reader } from '../../../broker/wire/reader.ts'
import type { Shape } from '../../../broker/wire/schema.ts'
import { array, bytes, int32, nullable, records, string } from '../../../broker/wire/types.ts'
import { WireError } from '../../../broker/wire/wire-error.ts'
import { atDepth } from '../../support/depth.ts'
import { seededRandom } from '../../support/random.ts'
import { encode, messagesOf, NAMED_APIS, type Message } from './messages.ts'
import { randomMessage } from './model.ts'

const FUZZ_EACH = atDepth({ normally: 50, thoroughly: 150 })
const SEED = 18

/** The error of reading; undefined if the bytes can be read. */
function outcome({ codec }: Pick<Message, 'codec'>, frame: Buffer): unknown {
  try {
    codec.read(new Reader(frame))
    return undefined
  } catch (error) {
    return error
  }
}

/** Bytes may cause no error other than `WireError`. */
function expectHarmless(message: Message, frame: Buffer): void {
  const error = outcome(message, frame)
  if (error !== undefined) expect(error, `${message.title}: ${frame.toString('hex')}`).toBeInstanceOf(WireError)
}

describe('bytes that violate the protocol', () => {
  test.each(NAMED_APIS)('are refused if they end anywhere inside a message: $name', ({ api }) => {
    const random = seededRandom(SEED)
    for (const message of messagesOf(api)) {
      const frame = encode(message, randomMessage(message.shape, message.layout, random))
      for (let length = 0; length < frame.length; length++) {
        expect(outcome(message, frame.subarray(0, length)), `${message.title}: ${length} of ${frame.length} bytes`).toBeInstanceOf(
          WireError,
        )
      }
    }
  })

  test.each(NAMED_APIS)('do no harm if they are random: $name', ({ api }) => {
    const random = seededRandom(SEED)
    for (const message of messagesOf(api)) {
      for (let count = 0; count < FUZZ_EACH; count++) {
        // Small numbers make plausible lengths, which lead deeper into a message.
        const most = random.pick([4, 16, 256])
        expectHarmless(message, Buffer.from(Array.from({ length: random.between(0, 80) }, () => random.between(0, most))))
      }
    }
  })

  test.each(NAMED_APIS)('do no harm if a few bytes of a message are changed: $name', ({ api }) => {
    const random = seededRandom(SEED)
    for (const message of messagesOf(api)) {
      const original = encode(message, randomMessage(message.shape, message.layout, random))
      for (let count = 0; count < FUZZ_EACH; count++) {
        const frame = Buffer.from(original)
        for (let changes = random.between(1, 5); changes > 0 && frame.length > 0; changes--) {
          frame[random.between(0, frame.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.between(0, 256)])
        }
        expectHarmless(message, frame)
      }
    }
  })
})

describe('a claimed length', () => {
  const CLAIMS = {
    plain: { layout: { version: 0, flexible: false }, string: ['7fff'], sized: ['7fffffff'] },
    compact: { layout: { version: 0, flexible: true }, string: ['ffffffff07', 'ffffffff0f'], sized: ['ffffffff07', 'ffffffff0f'] },
  } as const
  const SHAPES: Readonly<Record<string, Shape>> = {
    string: { field: string },
    'string or null': { field: nullable(string) },
    bytes: { field: bytes },
    records: { field: nullable(records) },
    'list of numbers': { field: array(int32) },
    'list of structures': { field: array({ inner: array({ deep: int32 }) }) },
  }
  const cases = Object.entries(SHAPES).flatMap(([type, shape]) =>
    (['plain', 'compact'] as const).flatMap(form => {
      const claims = CLAIMS[form][type.startsWith('string') ? 'string' : 'sized']
      return claims.map(claim => ({ type, form, claim, shape, layout: CLAIMS[form].layout }))
    }),
  )

  test.each(cases)('allocates nothing: $form $type of $claim', ({ shape, layout, claim }) => {
    const message = { codec: compile(shape, layout) }
    const frame = Buffer.from(claim + '00'.repeat(64), 'hex')
    const before = process.memoryUsage()
    for (let count = 0; count < 100; count++) expect(outcome(message, frame)).toBeInstanceOf(WireError)
    const after = process.memoryUsage()
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1_000_000)
    expect(after.heapTotal - before.heapTotal).toBeLessThan(50_000_000)
  })

  test.each([
    ['plain', '80000000'],
    ['plain', 'fffffffe'],
  ])('is refused if it is negative: %s %s', (_, claim) => {
    for (const shape of [{ field: bytes }, { field: array(int32) }]) {
      expect(outcome({ codec: compile(shape, CLAIMS.plain.layout) }, Buffer.from(claim + '00'.repeat(64), 'hex'))).toBeInstanceOf(WireError)
    }
  })

  test('is refused if its varint has more than 32 bits', () => {
    const message = { codec: compile({ field: string }, CLAIMS.compact.layout) }
    for (const claim of ['ffffffff1f', 'ffffffffff01', '8080808080808080']) {
      expect(outcome(message, Buffer.from(claim + '00'.repeat(64), 'hex'))).toEqual(new WireError('a varint is longer than 32 bits'))
    }
  })

  test('is refused if the elements of all lists together would fill the memory', () => {
    const message = { codec: compile({ outer: array({ inner: array(int32) }) }, CLAIMS.compact.layout) }
    const count = 600_000
    const prefix = encode({ codec: compile({ text: string }, CLAIMS.compact.layout) }, { text: 'x'.repeat(count) }).subarray(0, 3)
    const error = outcome(message, Buffer.concat([prefix, Buffer.alloc(2 * count + 1, '0100', 'hex')]))
    expect(error).toEqual(new WireError('got lists of 600000 elements, expected at most 500000'))
  })
})
