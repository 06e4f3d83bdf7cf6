import type { IncomingHttpHeaders } from 'node:http'
import { webHeaders, webValue } from '../web-headers.ts'
import { LazyHeaders } from './lazy-headers.ts'

/** The names that HTTP allows. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/
const MAX_KNOWN = 256
/** Lower-case forms of the names that were read: the same few in each call. */
const known = new Map<string, string>()

/** The headers of a request, read from Node's headers without a copy. */
export class RequestHeaders extends LazyHeaders {
  readonly #headers: IncomingHttpHeaders
  readonly #contentType: string | undefined

  /** @param contentType undefined: the message is in the URL, so the request has no type */
  constructor(headers: IncomingHttpHeaders, contentType: string | undefined) {
    super()
    this.#headers = headers
    this.#contentType = contentType
  }

  override get(name: string): string | null {
    const { asked } = this
    if (asked !== undefined) return asked.get(name)
    const lower = known.get(name) ?? lowerCase(name)
    if (lower === 'content-type') return this.#contentType ?? null
    const value = lower !== undefined && Object.hasOwn(this.#headers, lower) ? this.#headers[lower] : undefined
    if (lower !== undefined && value === undefined) return null
    return lower !== undefined && typeof value === 'string' ? (webValue(lower, value) ?? null) : this.whole.get(name)
  }

  protected override made(): Headers {
    return webHeaders(this.#headers, this.#contentType)
  }
}

/** Undefined: the name is invalid. */
function lowerCase(name: string): string | undefined {
  if (!NAME.test(name)) return undefined
  const lower = name.toLowerCase()
  if (known.size < MAX_KNOWN) known.set(name, lower)
  return lower
}
