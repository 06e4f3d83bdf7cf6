import type { IHeaders } from 'kafkajs'

/** Prefix for a name of the record's own that looks like one of ours, or that has this prefix already: no two names become one. */
const OWN = 'original.'

/** The record's own headers, and ours: `<prefix><name>` for each. */
export function deadLetterHeaders(own: IHeaders | undefined, prefix: string, ours: Readonly<Record<string, string>>): IHeaders {
  const isLikeOurs = (name: string): boolean => name.startsWith(prefix) || name.startsWith(OWN)
  const kept = Object.entries(own ?? {}).map(([name, value]) => [isLikeOurs(name) ? OWN + name : name, writable(value)])
  return Object.fromEntries([...kept, ...Object.entries(ours).map(([name, value]) => [prefix + name, value])])
}

/** The bytes of names and values. */
export function headerBytes(headers: IHeaders | undefined): number {
  const values = Object.entries(headers ?? {}).flatMap(([name, value]) => [writable(value)].flat().map(one => [name, one ?? ''] as const))
  return values.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
}

/**
 * kafkajs reads a header without a value as null, against its types, and cannot write one. Of a compressed batch it takes a header named
 * `toString`, or as another property of all objects, for a second one: the first is then that property.
 */
function writable(value: IHeaders[string]): IHeaders[string] {
  const values = [value ?? '']
    .flat()
    .map(one => one ?? '')
    .filter(one => typeof one === 'string' || Buffer.isBuffer(one))
  return Array.isArray(value) && values.length !== 1 ? values : values[0]
}
