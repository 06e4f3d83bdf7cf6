import { InvalidInputError } from './invalid-input.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const COMMA = 0x2c
const COLON = 0x3a

export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d
export const OPEN_ARRAY = 0x5b
export const CLOSE_ARRAY = 0x5d

/**
 * The tokens of a valid JSON text, one after another: strings, brackets, and the words between them (numbers, true, false, null).
 * Without a regular expression, because a batch has tens of thousands. Takes linear time.
 */
export class JsonTokens {
  readonly #json: string
  /** Where the current token starts. */
  start = 0
  /** Where the current token ends. */
  end = 0

  constructor(json: string) {
    this.#json = json
  }

  /** Moves to the next token and returns the code of its first character. Throws `InvalidInputError` if there is none. */
  next(): number {
    const json = this.#json
    let at = this.end
    let first = json.charCodeAt(at)
    while (first <= SPACE || first === COMMA || first === COLON) first = json.charCodeAt(++at)
    if (at >= json.length) throw new InvalidInputError('request body: got JSON that ends early, expected a JSON object such as {}')
    this.start = at
    this.end = first === QUOTE ? this.#endOfString(at) : isBracket(first) ? at + 1 : this.#endOfWord(at)
    return first
  }

  /** The current token as written. */
  text(): string {
    return this.#json.slice(this.start, this.end)
  }

  isString(): boolean {
    return this.#json.charCodeAt(this.start) === QUOTE
  }

  /** The value of the current token, which must be a string. */
  string(): string {
    const inner = this.#json.slice(this.start + 1, this.end - 1)
    return inner.includes('\\') ? (JSON.parse(this.text()) as string) : inner
  }

  #endOfString(start: number): number {
    let end = this.#json.indexOf('"', start + 1)
    while (this.#isEscaped(end)) end = this.#json.indexOf('"', end + 1)
    return end + 1
  }

  /** Whether an odd number of backslashes precedes the position. */
  #isEscaped(at: number): boolean {
    let before = at
    while (this.#json.charCodeAt(before - 1) === BACKSLASH) before--
    return (at - before) % 2 === 1
  }

  #endOfWord(start: number): number {
    const json = this.#json
    let end = start
    for (let code = json.charCodeAt(end); code > SPACE && code !== COMMA && code !== COLON && !isBracket(code); code = json.charCodeAt(end))
      end++
    return end
  }
}

function isBracket(code: number): boolean {
  return code === OPEN_OBJECT || code === CLOSE_OBJECT || code === OPEN_ARRAY || code === CLOSE_ARRAY
}
