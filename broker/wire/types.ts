import { compile } from './compile.ts'
import type { Reader } from './reader.ts'
import { asField, type Codec, type Decoded, type Encodable, type Layout, type Shape, type Type } from './schema.ts'
import { WireError } from './wire-error.ts'
import type { Writer } from './writer.ts'

/** The types of the protocol guide. `string`, `bytes` and arrays are compact in flexible versions. */

function fixed<T>(name: string, absent: T, codec: Codec<T>): Type<T> {
  return { name, absent, codec: () => codec }
}

export const boolean = fixed('bool', false, { read: r => r.boolean(), write: (w, value) => w.boolean(value) })
export const int8 = fixed('int8', 0, { read: r => r.int8(), write: (w, value) => w.int8(value) })
export const int16 = fixed('int16', 0, { read: r => r.int16(), write: (w, value) => w.int16(value) })
export const int32 = fixed('int32', 0, { read: r => r.int32(), write: (w, value) => w.int32(value) })
export const int64 = fixed('int64', 0n, { read: r => r.int64(), write: (w, value) => w.int64(value) })

const UUID_BYTES = 16
/** Sixteen bytes; all zeros means none. */
export const uuid = fixed('uuid', Buffer.alloc(UUID_BYTES), {
  read: r => r.bytes(UUID_BYTES),
  write: (w, value) => w.bytes(value.length === UUID_BYTES ? value : Buffer.alloc(UUID_BYTES)),
})

/** The encoding of a length; -1 means null. */
const LENGTHS = {
  compact: { read: (r: Reader) => r.uvarint() - 1, write: (w: Writer, length: number) => w.uvarint(length + 1) },
  int16: { read: (r: Reader) => r.int16(), write: (w: Writer, length: number) => w.int16(length) },
  int32: { read: (r: Reader) => r.int32(), write: (w: Writer, length: number) => w.int32(length) },
} as const

type Length = (typeof LENGTHS)[keyof typeof LENGTHS]

/** A value that follows its length; null if the length is -1. */
interface Sized<Out, In> {
  readonly name: string
  readonly absent: Out
  readonly empty: In
  readonly shape?: Shape
  readonly plainLength: Length
  readonly body: (layout: Layout) => {
    read: (reader: Reader, length: number) => Out
    lengthOf: (value: In) => number
    write: (writer: Writer, value: In, length: number) => void
  }
}

function sized<Out, In>({ name, absent, empty, shape, plainLength, body }: Sized<Out, In>): SizedType<Out, In> {
  const codec = (layout: Layout): Codec<Out | null, In | null> => {
    const length = layout.flexible ? LENGTHS.compact : plainLength
    const { read, lengthOf, write } = body(layout)
    return {
      read: r => {
        const size = length.read(r)
        return size === -1 ? null : read(r, size)
      },
      write: (w, value) => {
        if (value === null) return length.write(w, -1)
        const size = lengthOf(value)
        length.write(w, size)
        write(w, value, size)
      },
    }
  }
  return { name, absent, empty, ...(shape && { shape }), codec: layout => refuseNull(name, codec(layout)), withNull: codec }
}

interface SizedType<Out, In> extends Type<Out, In> {
  readonly empty: In
  readonly withNull: (layout: Layout) => Codec<Out | null, In | null>
}

function refuseNull<Out, In>(name: string, { read, write }: Codec<Out | null, In | null>): Codec<Out, In> {
  return {
    read: r => {
      const value = read(r)
      if (value === null) throw new WireError(`got null, expected a ${name}`)
      return value
    },
    write,
  }
}

/** Also in versions that allow longer strings: a string from a request in one version must fit into a response in any other. */
const MAX_STRING_BYTES = 0x7fff

function readText(r: Reader, length: number): string {
  if (length > MAX_STRING_BYTES) throw tooLong(length)
  const text = r.text(length)
  // Each byte that is not UTF-8 becomes a character of three bytes.
  if (length > MAX_STRING_BYTES / 3 && Buffer.byteLength(text) > MAX_STRING_BYTES) throw tooLong(Buffer.byteLength(text))
  return text
}

function tooLong(length: number): WireError {
  return new WireError(`got a string of ${length} bytes, expected at most ${MAX_STRING_BYTES}`)
}

export const string = sized<string, string>({
  name: 'string',
  absent: '',
  empty: '',
  plainLength: LENGTHS.int16,
  body: () => ({ read: readText, lengthOf: value => Buffer.byteLength(value), write: (w, value, length) => w.text(value, length) }),
})

const rawBytes = {
  read: (r: Reader, length: number) => r.bytes(length),
  lengthOf: (value: Buffer) => value.length,
  write: (w: Writer, value: Buffer) => w.bytes(value),
}

export const bytes = sized<Buffer, Buffer>({
  name: 'bytes',
  absent: Buffer.alloc(0),
  empty: Buffer.alloc(0),
  plainLength: LENGTHS.int32,
  body: () => rawBytes,
})

/** Record batches, unchanged. They may be given in pieces, which are sent in order. */
export const records = sized<Buffer, readonly Buffer[]>({
  name: 'records',
  absent: Buffer.alloc(0),
  empty: [],
  plainLength: LENGTHS.int32,
  body: () => ({
    read: (r, length) => r.bytes(length),
    lengthOf: pieces => pieces.reduce((sum, piece) => sum + piece.length, 0),
    write: (w, pieces) => {
      for (const piece of pieces) w.bytes(piece)
    },
  }),
})

/** A structure within a message. */
export function struct<S extends Shape>(shape: S): Type<Decoded<S>, Encodable<S>> {
  const absent = Object.fromEntries(Object.entries(shape).map(([name, entry]) => [name, asField(entry).absent])) as Decoded<S>
  return { name: 'struct', absent, shape, codec: layout => compile(shape, layout) }
}

/** A list; of structures if a shape is given. */
export function array<S extends Shape>(shape: S): SizedType<Decoded<S>[], readonly Encodable<S>[]>
export function array<Out, In>(element: Type<Out, In>): SizedType<Out[], readonly In[]>
export function array<Out, In>(of: Type<Out, In> | Shape): SizedType<Out[], readonly In[]> {
  const element = isType(of) ? of : (struct(of) as Type<unknown, never> as Type<Out, In>)
  return sized<Out[], readonly In[]>({
    name: `[]${element.name}`,
    absent: [],
    empty: [],
    ...(element.shape && { shape: element.shape }),
    plainLength: LENGTHS.int32,
    body: layout => {
      const { read, write } = element.codec(layout)
      return {
        // The list grows as elements are read: the claimed length allocates no memory.
        read: (r, length) => {
          r.elements(length)
          const list: Out[] = []
          for (let index = 0; index < length; index++) list.push(read(r))
          return list
        },
        lengthOf: list => list.length,
        write: (w, list) => {
          for (const item of list) write(w, item)
        },
      }
    },
  })
}

function isType<Out, In>(of: Type<Out, In> | Shape): of is Type<Out, In> {
  return typeof of['codec'] === 'function'
}

/** A value that may be null from version `from` on. */
export function nullable<Out, In>(type: SizedType<Out, In>, options: { from: number } = { from: 0 }): Type<Out | null, In | null> {
  const { name, shape } = type
  return {
    name,
    ...(shape && { shape }),
    absent: null,
    nullableFrom: options.from,
    codec: layout => (layout.version >= options.from ? type.withNull(layout) : emptyForNull(type, layout)),
  }
}

/** In versions that do not allow null, null is written as the empty value. */
function emptyForNull<Out, In>(type: SizedType<Out, In>, layout: Layout): Codec<Out | null, In | null> {
  const { read, write } = type.codec(layout)
  return { read, write: (w, value) => write(w, value ?? type.empty) }
}
