import type { HttpRequest } from '../../../runtime/answer-page.ts'
import { originOf } from '../explanations.ts'

/** What a page may know of its request. */
export interface PageRequest {
  readonly path: string
  readonly query: URLSearchParams
  /** Where the caller reaches this server, such as http://127.0.0.1:8080. */
  readonly origin: string
  /** The value of a header, by its lower-case name. Undefined: there is none. */
  header(name: string): string | undefined
}

export function pageRequest(request: HttpRequest, path: string): PageRequest {
  const { url = '', headers } = request
  const start = url.indexOf('?')
  return {
    path,
    origin: originOf(request),
    query: new URLSearchParams(start < 0 ? '' : url.slice(start)),
    header(name) {
      const value = headers[name]
      return typeof value === 'string' ? value : undefined
    },
  }
}
