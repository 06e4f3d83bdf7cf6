import { isUtf8 } from 'node:buffer'
import { cutText } from '../../src/runtime/shown-text.ts'

/**
 * The lines that the console answers with. A message is shown as it is if it is one line of text. A line that begins with a
 * backslash is never a message itself, so a message that begins with a backslash is quoted by such a line too.
 */
const MARK = '\\'
const MARK_BYTE = 0x5c

export const OK = 'ok'
export const BYE = 'bye'
/** There is nothing to read now. */
export const EMPTY = `${MARK}empty`
/** A message without a value. */
const NULL = `${MARK}null`
export const HELP = `p<text> publish | c next message | p@<topic> <text> | c@<topic> [group] | t topics | ? help | q quit | ${MARK}... is never a message`

/** Characters that end a line in some program or control a terminal; a tab does neither. */
const UNSHOWABLE = /[[\p{Cc}\u2028\u2029]--\t]/gv
const SHOWN_CHARACTERS = 60

export function errorLine(text: string): string {
  return `${MARK}error ${text.replaceAll(UNSHOWABLE, escaped)}`
}

/** A message's value as one line: unchanged if that is unambiguous, in Base64 if it is not UTF-8, otherwise as a JSON string. */
export function messageLine(value: Buffer | null): string | Buffer {
  if (value === null) return NULL
  if (!isUtf8(value)) return `${MARK}base64 ${value.toString('base64')}`
  const text = value.toString()
  // `search` always starts at 0, whereas `test` of a global expression continues where it stopped.
  const isBare = value[0] !== MARK_BYTE && text.search(UNSHOWABLE) < 0
  return isBare ? value : `${MARK}text ${JSON.stringify(text).replaceAll(UNSHOWABLE, escaped)}`
}

/** A client's text for an error message: quoted, and shortened if it is long. */
export function shown(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${JSON.stringify(cutText(text, SHOWN_CHARACTERS))}...` : JSON.stringify(text)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
