import { asField, type Field, type Layout, type Shape, type Type } from '../../../broker/wire/schema.ts'
import type { Random } from '../../support/random.ts'

/**
 * What the tables say about values, worked out field by field and without the compiled closures: what a message
 * may hold, what must come back when it was written and read, and how what was read is written again.
 */

type Struct = Record<string, unknown>

const SCALARS: Readonly<Record<string, (random: Random) => unknown>> = {
  bool: random => random.next() < 0.5,
  int8: random => random.between(-0x80, 0x80),
  int16: random => random.between(-0x8000, 0x8000),
  int32: random => random.between(-0x8000_0000, 0x8000_0000),
  int64: random => randomBytes(random, 8).readBigInt64BE(),
  uuid: random => randomBytes(random, 16),
  string: random => Array.from({ length: random.between(0, 12) }, () => random.pick(['a', 'Z', '0', '.', '-', 'ü', '€', '😀'])).join(''),
  bytes: random => randomBytes(random, random.between(0, 40)),
  // In pieces, one of which is sometimes long enough to be passed on without a copy.
  records: random =>
    Array.from({ length: random.between(0, 4) }, () => randomBytes(random, random.next() < 0.02 ? 5000 : random.between(0, 60))),
}

function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.between(0, 256)))
}

/** A value for every field of the table, even if the version does not contain it. */
export function randomMessage(shape: Shape, { version }: Layout, random: Random): Struct {
  const value: Struct = {}
  for (const [name, entry] of Object.entries(shape)) value[name] = randomValue(asField(entry).type, version, random)
  return value
}

function randomValue(type: Type<any>, version: number, random: Random): unknown {
  const { name, shape, nullableFrom } = type
  if (nullableFrom !== undefined && version >= nullableFrom && random.next() < 0.2) return null
  if (name.startsWith('[]'))
    return Array.from({ length: random.between(0, 4) }, () =>
      shape ? randomMessage(shape, { version, flexible: false }, random) : scalar(name.slice(2))(random),
    )
  return shape ? randomMessage(shape, { version, flexible: false }, random) : scalar(name)(random)
}

function scalar(name: string): (random: Random) => unknown {
  const make = SCALARS[name]
  if (!make) throw new Error(`no values for the type ${name}`)
  return make
}

/** What a reader must return for what a writer was given. */
export function asRead(shape: Shape, given: Struct, version: number): Struct {
  const struct: Inner = (inner, value) => asRead(inner, value, version)
  const read: Struct = {}
  for (const [name, entry] of Object.entries(shape)) {
    const field = asField(entry)
    const value = given[name]
    if (!isCarried(field, version) || value === undefined) read[name] = field.absent
    else if (value === null) read[name] = version >= (field.type.nullableFrom ?? Infinity) ? null : emptyOf(field.type)
    else read[name] = convert(field.type, value, struct, pieces => Buffer.concat(pieces as Buffer[]))
  }
  return read
}

/** What a reader returned, in the form that a writer takes. */
export function asGiven(shape: Shape, read: Struct): Struct {
  const entries = Object.entries(shape).map(([name, entry]) => [
    name,
    read[name] === null ? null : convert(asField(entry).type, read[name], asGiven, bytes => [bytes]),
  ])
  return Object.fromEntries(entries) as Struct
}

function emptyOf({ name }: Type<unknown>): unknown {
  if (name === 'string') return ''
  return name.startsWith('[]') ? [] : Buffer.alloc(0)
}

export function isCarried({ from, to }: Field<unknown>, version: number): boolean {
  return version >= from && version <= to
}

type Inner = (shape: Shape, value: Struct) => Struct

function convert(type: Type<any>, value: unknown, struct: Inner, records: (value: unknown) => unknown): unknown {
  if (type.name === 'records') return records(value)
  const { shape } = type
  if (!shape) return value
  return Array.isArray(value) ? value.map(item => struct(shape, item as Struct)) : struct(shape, value as Struct)
}
