import type { HttpRequest } from '../../../runtime/answer-page.ts'

/** What a page may know of its request. */
export interface PageRequest {
  readonly path: string
  readonly query: URLSearchParams
  /** The value of a header, by its lower-case name. Undefined: there is none. */
  header(name: string): string | undefined
}

export function pageRequest(request: HttpRequest, path: string): PageRequest {
  const { url = '', headers } = request
  const start = url.indexOf('?')
  return {
    path,
    query: new URLSearchParams(start < 0 ? '' : url.slice(start)),
    header(name) {
      const value = headers[name]
      return typeof value === 'string' ? value : undefined
    },
  }
}
