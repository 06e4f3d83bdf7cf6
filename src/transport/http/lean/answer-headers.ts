import { LazyHeaders } from './lazy-headers.ts'

/** Names and values that the platform's headers would accept unchanged. */
const PLAIN_NAME = /^[a-z0-9-]+$/
const PLAIN_VALUE = /^[!-~](?:[ -~]*[!-~])?$/

/** The headers or the trailers of an answer. */
export class AnswerHeaders extends LazyHeaders {
  /** Lower-case names and values in turn, each name once. */
  readonly #pairs: string[]

  constructor(pairs: string[]) {
    super()
    this.#pairs = pairs
  }

  /** Names and values in turn, each name once. Undefined: only `whole` has them. */
  get pairs(): readonly string[] | undefined {
    return this.asked === undefined ? this.#pairs : undefined
  }

  override get(name: string): string | null {
    const at = this.asked === undefined && PLAIN_NAME.test(name) ? indexOf(this.#pairs, name) : -1
    return at < 0 ? super.get(name) : (this.#pairs[at + 1] ?? null)
  }

  override set(name: string, value: string): void {
    const lower = name.toLowerCase()
    if (this.asked !== undefined || typeof value !== 'string' || !PLAIN_NAME.test(lower) || !PLAIN_VALUE.test(value))
      return super.set(name, value)
    const at = indexOf(this.#pairs, lower)
    if (at < 0) this.#pairs.push(lower, value)
    else this.#pairs[at + 1] = value
  }

  protected override made(): Headers {
    const made = new Headers()
    for (let at = 0; at + 1 < this.#pairs.length; at += 2) made.set(this.#pairs[at]!, this.#pairs[at + 1]!)
    return made
  }
}

function indexOf(pairs: readonly string[], name: string): number {
  for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) return at
  return -1
}
