import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/**
 * The language of the wire tables. A message is a `Shape`: its fields in wire order, each with a type and, unless all versions have it, the
 * versions that do. `compile` (compile.ts) turns a shape and a version into two functions, so that no table is interpreted while messages
 * are read or written.
 */

/** The encoding of one type in one version. */
export interface Codec<Out, In = Out> {
  readonly read: (reader: Reader) => Out
  readonly write: (writer: Writer, value: In) => void
}

/** The properties of a version that determine the encoding of fields. */
export interface Layout {
  readonly version: number
  /** Lengths are varints and every structure ends with tagged fields. */
  readonly flexible: boolean
}

/** `Out`: the value that a reader returns; `In`: the value that a writer takes. */
export interface Type<Out, In = Out> {
  /** The name in the protocol guide: `int32`, `string`, `[]struct`. */
  readonly name: string
  readonly codec: (layout: Layout) => Codec<Out, In>
  /** The value that a reader returns in versions without a field of this type, unless the field has another one. */
  readonly absent: Out
  /** The first version in which null is allowed; undefined: never. */
  readonly nullableFrom?: number
  /** The fields, if this is a structure or a list of structures. */
  readonly shape?: Shape
}

/** A type with the versions that contain it. */
export interface Field<Out, In = Out> {
  readonly type: Type<Out, In>
  readonly from: number
  /** The last version that contains it. */
  readonly to: number
  /** The value that a reader returns if the version does not contain the field, and that a writer uses if it is not given. */
  readonly absent: Out
  /** Set for tagged fields, which are written only if they differ from `absent`. */
  readonly tag?: number
}

export type Shape = { readonly [name: string]: Type<unknown, never> | Field<unknown, never> }

export type Decoded<S extends Shape> = {
  [Name in keyof S]: S[Name] extends Field<infer Out, never> ? Out : S[Name] extends Type<infer Out, never> ? Out : never
}

/** Fields that some versions do not contain are optional. */
export type Encodable<S extends Shape> = {
  readonly [Name in keyof S as S[Name] extends Field<unknown, never> ? never : Name]: S[Name] extends Type<unknown, infer In> ? In : never
} & {
  readonly [Name in keyof S as S[Name] extends Field<unknown, never> ? Name : never]?: S[Name] extends Field<unknown, infer In> ? In : never
}

const LATEST = 0x7fff

interface Versions<Out> {
  readonly absent?: Out
}

/** A field that versions before `from` do not contain. */
export function since<Out, In>(from: number, type: Type<Out, In>, versions: Versions<NoInfer<Out>> = {}): Field<Out, In> {
  return between(from, LATEST, type, versions)
}

/** A field that only the versions `from` to `to` contain. */
export function between<Out, In>(from: number, to: number, type: Type<Out, In>, versions: Versions<NoInfer<Out>> = {}): Field<Out, In> {
  return { type, from, to, absent: versions.absent === undefined ? type.absent : versions.absent }
}

/** A tagged field, from version `from` on. */
export function tagged<Out, In>(tag: number, from: number, type: Type<Out, In>, versions: Versions<NoInfer<Out>> = {}): Field<Out, In> {
  return { ...since(from, type, versions), tag }
}

/** An entry of a shape as a field. */
export function asField(entry: Shape[string]): Field<unknown, unknown> {
  const field = 'type' in entry ? entry : { type: entry, from: 0, to: LATEST, absent: entry.absent }
  return field as Field<unknown, unknown>
}
