import { Reader } from './reader.ts'
import { asField, type Codec, type Decoded, type Encodable, type Field, type Layout, type Shape } from './schema.ts'
import { WireError } from './wire-error.ts'
import { Writer } from './writer.ts'

interface Slot {
  readonly name: string
  readonly field: Field<unknown, unknown>
  readonly codec: Codec<unknown, unknown>
}

/** Returns the two functions that read and write the structure `shape` in one version. */
export function compile<S extends Shape>(shape: S, layout: Layout): Codec<Decoded<S>, Encodable<S>> {
  const plain: Slot[] = []
  const tagged = new Map<number, Slot>()
  const absent: [string, unknown][] = []
  for (const [name, entry] of Object.entries(shape)) {
    const field = asField(entry)
    const carried = layout.version >= field.from && layout.version <= field.to
    if (!carried || field.tag !== undefined) absent.push([name, field.absent])
    if (!carried) continue
    const slot = { name, field, codec: field.type.codec(layout) }
    if (field.tag === undefined) plain.push(slot)
    else tagged.set(field.tag, slot)
  }
  const inTagOrder = [...tagged].toSorted(([a], [b]) => a - b)
  return { read: reading(plain, tagged, absent, layout), write: writing(plain, inTagOrder, layout) }
}

type Struct = Record<string, unknown>

function reading<S extends Shape>(
  plain: Slot[],
  tagged: Map<number, Slot>,
  absent: [string, unknown][],
  { flexible }: Layout,
): (r: Reader) => Decoded<S> {
  return r => {
    const value: Struct = {}
    for (const { name, codec } of plain) value[name] = codec.read(r)
    for (const [name, nothing] of absent) value[name] = nothing
    if (flexible) readTagged(r, tagged, value)
    return value as Decoded<S>
  }
}

/** Fields with unknown tags are skipped. */
function readTagged(r: Reader, tagged: Map<number, Slot>, value: Struct): void {
  for (let left = r.uvarint(); left > 0; left--) {
    const tag = r.uvarint()
    const bytes = r.bytes(r.uvarint())
    const slot = tagged.get(tag)
    if (!slot) continue
    const inner = new Reader(bytes)
    value[slot.name] = slot.codec.read(inner)
    if (inner.remaining > 0) throw new WireError(`tagged field ${slot.name}: got ${inner.remaining} bytes too many`)
  }
}

type TaggedSlot = readonly [tag: number, slot: Slot]

function writing<S extends Shape>(
  plain: Slot[],
  tagged: readonly TaggedSlot[],
  { flexible }: Layout,
): (w: Writer, value: Encodable<S>) => void {
  return (w, given) => {
    const value = given as Struct
    for (const { name, field, codec } of plain) {
      const item = value[name]
      codec.write(w, item === undefined ? field.absent : item)
    }
    if (flexible) writeTagged(w, tagged, value)
  }
}

function writeTagged(w: Writer, tagged: readonly TaggedSlot[], value: Struct): void {
  const sent =
    tagged.length === 0 ? tagged : tagged.filter(([, { name, field }]) => value[name] !== undefined && !isSame(value[name], field.absent))
  w.uvarint(sent.length)
  for (const [tag, { name, codec }] of sent) {
    const inner = new Writer()
    codec.write(inner, value[name])
    w.uvarint(tag)
    w.uvarint(inner.length)
    for (const chunk of inner.chunks()) w.bytes(chunk)
  }
}

/** Whether a value is the one that means absent; of a structure, whether this is true of all its fields. */
function isSame(value: unknown, absent: unknown): boolean {
  if (value === absent) return true
  if (typeof value !== 'object' || value === null || typeof absent !== 'object' || absent === null) return false
  if (Array.isArray(absent)) return (value as unknown[]).length === 0 && absent.length === 0
  return Object.entries(absent).every(([name, field]) => isSame((value as Struct)[name], field))
}
