import type { IncomingHttpHeaders } from 'node:http'
import { webHeaders, webValue } from '../web-headers.ts'
import { LazyHeaders } from './lazy-headers.ts'

/** The names that HTTP allows. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/

/** The headers of a request, read from Node's without a copy. */
export class RequestHeaders extends LazyHeaders {
  readonly #headers: IncomingHttpHeaders
  readonly #contentType: string | undefined

  /** @param contentType undefined: the request has its message in the URL, and no type */
  constructor(headers: IncomingHttpHeaders, contentType: string | undefined) {
    super()
    this.#headers = headers
    this.#contentType = contentType
  }

  override get(name: string): string | null {
    const { asked } = this
    if (asked !== undefined) return asked.get(name)
    const lower = name.toLowerCase()
    if (lower === 'content-type') return this.#contentType ?? null
    const value = Object.hasOwn(this.#headers, lower) ? this.#headers[lower] : undefined
    if (typeof value === 'string') return webValue(lower, value) ?? null
    return value === undefined && NAME.test(name) ? null : this.whole.get(name)
  }

  protected override made(): Headers {
    return webHeaders(this.#headers, this.#contentType)
  }
}
