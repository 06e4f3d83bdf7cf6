import { isUtf8 } from 'node:buffer'
import { shown } from './replies.ts'

/** A parsed line. `topic` and `group` undefined: the console's own. */
export type Command =
  | { readonly kind: 'publish'; readonly topic: string | undefined; readonly text: Buffer }
  | { readonly kind: 'consume'; readonly topic: string | undefined; readonly group: string | undefined }
  | { readonly kind: 'topics' | 'help' | 'quit' }

/** A line that cannot be executed; the message names what was received and what was expected. */
export class LineError extends Error {
  override readonly name = 'LineError'
}

const BLANK = 0x20
const AT = 0x40
const LETTER_P = 0x70
const WORDS = { t: 'topics', '?': 'help', q: 'quit' } as const
const EXPECTED = 'expected p, c, q, t or ? (? explains them)'
const MAX_GROUP_CHARACTERS = 249
const HEX_BYTES = 16

/** Parses a line. Throws `LineError`. */
export function parseCommand(line: Buffer): Command {
  if (!isUtf8(line)) throw new LineError(`line: got bytes that are not UTF-8, ${notUtf8(line)}, expected UTF-8`)
  if (line[0] === LETTER_P) return line[1] === AT ? publishTo(line) : { kind: 'publish', topic: undefined, text: line.subarray(1) }
  const text = line.toString().trimEnd()
  if (text.startsWith('c@')) return consumeFrom(text)
  if (text === 'c') return { kind: 'consume', topic: undefined, group: undefined }
  if (text === 't' || text === '?' || text === 'q') return { kind: WORDS[text] }
  throw new LineError(`command: got ${text === '' ? 'an empty line' : shown(text)}, ${EXPECTED}`)
}

function publishTo(line: Buffer): Command {
  const blank = line.indexOf(BLANK)
  const topic = line.toString('utf8', 2, blank < 0 ? line.length : blank)
  if (blank < 0 || topic === '') throw new LineError(`p@: got ${shown(line.toString())}, expected p@<topic> <text>`)
  return { kind: 'publish', topic, text: line.subarray(blank + 1) }
}

function consumeFrom(text: string): Command {
  const [topic, group, ...rest] = text.slice(2).split(/ +/)
  if (topic === undefined || topic === '' || rest.length > 0) throw new LineError(`c@: got ${shown(text)}, expected c@<topic> [group]`)
  if (group !== undefined && group.length > MAX_GROUP_CHARACTERS) {
    throw new LineError(`group: got a name of ${group.length} characters, expected at most ${MAX_GROUP_CHARACTERS}`)
  }
  return { kind: 'consume', topic, group }
}

function notUtf8(line: Buffer): string {
  const hex = line.toString('hex', 0, HEX_BYTES)
  return line.length > HEX_BYTES ? `${hex}... (hex)` : `${hex} (hex)`
}
