import { describe, expect, test } from 'vitest'
import { compile } from '../../../broker/wire/compile.ts'
import { asField, between, since, tagged, type Layout, type Shape, type Type } from '../../../broker/wire/schema.ts'
import { array, boolean, bytes, int16, int32, int64, nullable, records, string, struct, uuid } from '../../../broker/wire/types.ts'
import { Writer } from '../../../broker/wire/writer.ts'
import { decode, encode, messagesOf, NAMED_APIS } from './messages.ts'
import { asRead } from './model.ts'

const PLAIN: Layout = { version: 0, flexible: false }
const FLEXIBLE: Layout = { version: 0, flexible: true }

function codec<S extends Shape>(shape: S, layout: Layout) {
  const message = { codec: compile(shape, layout) }
  return {
    encode: (value: unknown) => encode(message, value).toString('hex'),
    decode: (hex: string) => decode(message, Buffer.from(hex, 'hex')),
  }
}

/** The minimum that a writer needs. */
function smallest(shape: Shape): Record<string, unknown> {
  const required = Object.entries(shape).filter(([, entry]) => !('type' in entry))
  return Object.fromEntries(required.map(([name, entry]) => [name, smallestValue(entry as Type<unknown>)]))
}

function smallestValue(type: Type<unknown>): unknown {
  if (type.name === 'records') return []
  if (type.name.startsWith('[]')) return type.shape ? [smallest(type.shape)] : []
  return type.absent
}

describe('a field', () => {
  test.each(NAMED_APIS)('that some versions do not contain is optional: $name', ({ api }) => {
    for (const message of messagesOf(api)) {
      const given = smallest(message.shape)
      const read = decode(message, encode(message, given))
      expect(read, message.title).toEqual(asRead(message.shape, given, message.layout.version))
    }
  })

  test.each(NAMED_APIS)('may be null if the table says so: $name', ({ api }) => {
    for (const message of messagesOf(api)) {
      const { version } = message.layout
      for (const [name, entry] of Object.entries(message.shape)) {
        const field = asField(entry)
        const from = field.type.nullableFrom
        if (from === undefined || version < Math.max(from, field.from) || version > field.to) continue
        const read = decode(message, encode(message, { ...smallest(message.shape), [name]: null })) as Record<string, unknown>
        expect(read[name], `${message.title}: ${name}`).toBeNull()
      }
    }
  })

  test('is only in the versions that contain it', () => {
    const shape = { a: int16, b: since(2, int16, { absent: -1 }), c: between(1, 2, int16) }
    const at = (version: number) => codec(shape, { version, flexible: false })
    const given = { a: 1, b: 2, c: 3 }
    expect([0, 1, 2, 3].map(version => at(version).encode(given))).toEqual(['0001', '00010003', '000100020003', '00010002'])
    expect(at(0).decode('0001')).toEqual({ a: 1, b: -1, c: 0 })
    expect(at(3).decode('00010002')).toEqual({ a: 1, b: 2, c: 0 })
  })

  test('that is null is written as empty in versions that do not allow null', () => {
    const shape = {
      text: nullable(string, { from: 1 }),
      list: nullable(array(int32), { from: 1 }),
      records: nullable(records, { from: 1 }),
    }
    const given = { text: null, list: null, records: null }
    expect(codec(shape, PLAIN).encode(given)).toBe('0000' + '00000000' + '00000000')
    expect(codec(shape, { version: 1, flexible: false }).encode(given)).toBe('ffff' + 'ffffffff' + 'ffffffff')
  })

  test('that must not be null is refused if it is null', () => {
    const hex = { string: 'ffff', bytes: 'ffffffff', list: 'ffffffff' }
    expect(() => codec({ string }, PLAIN).decode(hex.string)).toThrow('got null, expected a string')
    expect(() => codec({ bytes }, PLAIN).decode(hex.bytes)).toThrow('got null, expected a bytes')
    expect(() => codec({ list: array(int32) }, PLAIN).decode(hex.list)).toThrow('got null, expected a []int32')
    expect(() => codec({ string }, FLEXIBLE).decode('0000')).toThrow('got null, expected a string')
  })
})

describe('the types of the wire', () => {
  const shape = {
    yes: boolean,
    long: int64,
    text: string,
    none: nullable(string),
    raw: bytes,
    ids: array(int32),
    batches: records,
    id: uuid,
    inner: struct({ a: int16 }),
  }
  const value = {
    yes: true,
    long: -2n,
    text: 'zoë',
    none: null,
    raw: Buffer.from('beef', 'hex'),
    ids: [1, -1],
    batches: [Buffer.from('aa', 'hex'), Buffer.from('bbcc', 'hex')],
    id: Buffer.alloc(16, 7),
    inner: { a: 258 },
  }
  const id = '07'.repeat(16)

  test('are encoded as the protocol guide says', () => {
    expect(codec(shape, PLAIN).encode(value)).toBe(
      `01${'ff'.repeat(7)}fe0004${'7a6fc3ab'}ffff00000002beef0000000200000001ffffffff00000003aabbcc${id}0102`,
    )
  })

  test('are compact in flexible versions, and structures end with tagged fields', () => {
    expect(codec(shape, FLEXIBLE).encode(value)).toBe(
      `01${'ff'.repeat(7)}fe05${'7a6fc3ab'}0003beef0300000001ffffffff04aabbcc${id}010200` + '00',
    )
  })

  test('have varints of several bytes for lengths of 127 and more', () => {
    const text = 'x'.repeat(200)
    const { encode: write, decode: read } = codec({ text: string }, FLEXIBLE)
    expect(write({ text }).startsWith('c901')).toBe(true)
    expect(read(write({ text }))).toEqual({ text })
  })
})

describe('tagged fields', () => {
  const shape = {
    a: int16,
    later: tagged(5, 0, int32, { absent: -1 }),
    first: tagged(1, 0, string),
    leader: tagged(2, 0, struct({ id: int32 }), { absent: { id: -1 } }),
  }
  const { encode: write, decode: read } = codec(shape, FLEXIBLE)

  test('are not written if they have the value that means absent', () => {
    expect(write({ a: 1 })).toBe('000100')
    expect(write({ a: 1, later: -1, first: '', leader: { id: -1 } })).toBe('000100')
    expect(read('000100')).toEqual({ a: 1, later: -1, first: '', leader: { id: -1 } })
  })

  test('are written in the order of their tags', () => {
    expect(write({ a: 1, later: 9, first: 'x', leader: { id: 3 } })).toBe(
      '0001' + '03' + '010202' + '78' + '0205' + '0000000300' + '0504' + '00000009',
    )
  })

  test('are skipped if their tags are unknown', () => {
    expect(read('0001' + '03' + '0002ffff' + '0504' + '00000009' + 'ffffffff0f' + '01' + 'ee')).toEqual({
      a: 1,
      later: 9,
      first: '',
      leader: { id: -1 },
    })
  })

  test('are refused if their content is longer or shorter than their length', () => {
    expect(() => read('0001' + '01' + '0505' + '0000000900')).toThrow('tagged field later: got 1 bytes too many')
    expect(() => read('0001' + '01' + '0503' + '000009')).toThrow('got 3 bytes, expected 4 more')
  })

  test.each(NAMED_APIS)('that are unknown are skipped at the end of every flexible message: $name', ({ api }) => {
    for (const message of messagesOf(api).filter(({ layout }) => layout.flexible)) {
      const given = smallest(message.shape)
      const bytes = encode(message, given)
      const w = new Writer()
      w.uvarint(1)
      w.uvarint(1000)
      w.uvarint(3)
      w.bytes(Buffer.from('abc'))
      expect(bytes.at(-1), message.title).toBe(0)
      const longer = Buffer.concat([bytes.subarray(0, -1), w.toBuffer()])
      expect(decode(message, longer), message.title).toEqual(decode(message, bytes))
    }
  })
})
