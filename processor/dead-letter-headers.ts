import type { IHeaders } from 'kafkajs'

/** How the names of our headers begin. */
const OURS = 'ping-'
/** Put before a name of the record's own that ours could be taken for, or that has it already: no two names become one. */
const OWN = 'original.'

/** The record's own headers and, beside them, ours: `ping-<name>` for each. */
export function deadLetterHeaders(own: IHeaders | undefined, ours: Readonly<Record<string, string>>): IHeaders {
  const kept = Object.entries(own ?? {}).map(([name, value]) => [hasPrefix(name) ? OWN + name : name, withoutNull(value)])
  return Object.fromEntries([...kept, ...Object.entries(ours).map(([name, value]) => [OURS + name, value])])
}

/** The bytes of names and values. */
export function headerBytes(headers: IHeaders | undefined): number {
  const values = Object.entries(headers ?? {}).flatMap(([name, value]) => [value].flat().map(one => [name, one] as const))
  return values.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + (value == null ? 0 : Buffer.byteLength(value)), 0)
}

function hasPrefix(name: string): boolean {
  return name.startsWith(OURS) || name.startsWith(OWN)
}

/** kafkajs reads a header without a value as null, against its types, and cannot write one. */
function withoutNull(value: IHeaders[string]): IHeaders[string] {
  return Array.isArray(value) ? value.map(one => one ?? '') : (value ?? '')
}
