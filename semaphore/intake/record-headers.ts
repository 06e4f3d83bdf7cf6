import type { IHeaders } from 'kafkajs'
import { shownText } from '../../src/runtime/shown-text.ts'

/** What is wrong with a record, as "header NAME: got X, expected Y". The record goes to the dead letters with it. */
export class MalformedRecordError extends Error {
  override readonly name = 'MalformedRecordError'
}

/** The text of a header that a record has once at most; undefined if it is absent. Throws `MalformedRecordError`. */
export function headerText(headers: IHeaders | undefined, name: string): string | undefined {
  if (headers === undefined || !Object.hasOwn(headers, name)) return undefined
  const value: unknown = headers[name]
  if (Array.isArray(value)) throw wrongHeader(name, `${value.length} values`, 'one')
  // kafkajs reads a header without a value as null, against its types.
  return Buffer.isBuffer(value) || typeof value === 'string' ? utf8(value, `header ${name}`) : ''
}

export function wrongHeader(name: string, got: string, expected: string): MalformedRecordError {
  return new MalformedRecordError(`header ${name}: got ${got}, expected ${expected}`)
}

/** The text of bytes in UTF-8. Throws `MalformedRecordError`, because two keys that are not UTF-8 must not become one text. */
export function utf8(bytes: Buffer | string, what: string): string {
  if (typeof bytes === 'string') return bytes
  try {
    return STRICT.decode(bytes)
  } catch {
    throw new MalformedRecordError(`${what}: got bytes that are not UTF-8 (${shownText(bytes.toString('latin1'))}), expected UTF-8`)
  }
}

/** A byte order mark is part of the text. */
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
