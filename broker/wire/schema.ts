import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/**
 * The language in which the wire tables are written. A message is a `Shape`: its fields in wire order, each with a type and,
 * where not every version has it, the versions that do. `compile` (compile.ts) turns a shape and a version
 * into two closures; nothing looks at a table while messages are read or written.
 */

/** How one type lies on the wire in one version. */
export interface Codec<Out, In = Out> {
  readonly read: (reader: Reader) => Out
  readonly write: (writer: Writer, value: In) => void
}

/** What of a message's version decides how its fields lie on the wire. */
export interface Layout {
  readonly version: number
  /** Lengths are varints, and every structure ends with tagged fields. */
  readonly flexible: boolean
}

/** `Out` is what a reader gets, `In` what a writer is given. */
export interface Type<Out, In = Out> {
  /** As the protocol guide names it: `int32`, `string`, `[]struct`. */
  readonly name: string
  readonly codec: (layout: Layout) => Codec<Out, In>
  /** What a reader gets in versions that do not carry a field of this type, unless the field says otherwise. */
  readonly absent: Out
  /** The first version in which null is allowed; undefined: never. */
  readonly nullableFrom?: number
  /** The fields of the structure that this is or is made of. */
  readonly shape?: Shape
}

/** A type with the versions that carry it. */
export interface Field<Out, In = Out> {
  readonly type: Type<Out, In>
  readonly from: number
  /** The last version that carries it. */
  readonly to: number
  /** What a reader gets where it is not carried; what a writer takes where it was left out. */
  readonly absent: Out
  /** Set for fields that travel in the tagged section; they are written when they differ from `absent`. */
  readonly tag?: number
}

export type Shape = { readonly [name: string]: Type<unknown, never> | Field<unknown, never> }

export type Decoded<S extends Shape> = {
  [Name in keyof S]: S[Name] extends Field<infer Out, never> ? Out : S[Name] extends Type<infer Out, never> ? Out : never
}

/** Fields that not every version has may be left out. */
export type Encodable<S extends Shape> = {
  readonly [Name in keyof S as S[Name] extends Field<unknown, never> ? never : Name]: S[Name] extends Type<unknown, infer In> ? In : never
} & {
  readonly [Name in keyof S as S[Name] extends Field<unknown, never> ? Name : never]?: S[Name] extends Field<unknown, infer In> ? In : never
}

const LATEST = 0x7fff

interface Versions<Out> {
  readonly absent?: Out
}

/** A field that versions before `from` do not carry. */
export function since<Out, In>(from: number, type: Type<Out, In>, versions: Versions<NoInfer<Out>> = {}): Field<Out, In> {
  return between(from, LATEST, type, versions)
}

/** A field that only the versions `from` to `to` carry. */
export function between<Out, In>(from: number, to: number, type: Type<Out, In>, versions: Versions<NoInfer<Out>> = {}): Field<Out, In> {
  return { type, from, to, absent: versions.absent === undefined ? type.absent : versions.absent }
}

/** A field of the tagged section, since version `from`. */
export function tagged<Out, In>(tag: number, from: number, type: Type<Out, In>, versions: Versions<NoInfer<Out>> = {}): Field<Out, In> {
  return { ...since(from, type, versions), tag }
}

/** Every entry of a shape as a field. */
export function asField(entry: Shape[string]): Field<unknown, unknown> {
  const field = 'type' in entry ? entry : { type: entry, from: 0, to: LATEST, absent: entry.absent }
  return field as Field<unknown, unknown>
}
