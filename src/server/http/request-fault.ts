import type { HttpRequest } from '../../runtime/answer-page.ts'
import { shownText } from '../../runtime/shown-text.ts'

/**
 * What is wrong with a request whatever it asks for, in words: what one program on the way may read in another way
 * than the next. Undefined: nothing. The host itself may be anything, because nothing is routed by it.
 */
export function requestFault(request: HttpRequest): string | undefined {
  const hosts = valuesOf(request, 'host')
  if (hosts.length > 1) return `header host: got ${hosts.length} of them, expected one`
  const types = valuesOf(request, 'content-type')
  if (types.length > 1) return `header content-type: got ${types.length} of them, expected one`
  const [host] = hosts
  if ('authority' in request) return differentHost(request.authority, host)
  if (host === undefined && request.httpVersion === '1.1') return 'header host: got none, expected the host of the request, such as 127.0.0.1:8080'
  return undefined
}

/** RFC 9113, 8.3.1. */
function differentHost(authority: string | undefined, host: string | undefined): string | undefined {
  if (!authority || host === undefined || host.toLowerCase() === authority.toLowerCase()) return undefined
  return `header host: got ${shownText(host)}, expected none, or :authority, which is ${shownText(authority)}`
}

/** Node's `headers` would hide all but the first. */
function valuesOf({ rawHeaders }: HttpRequest, name: string): readonly string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const { length } = rawHeaders[at] ?? ''
    if (length === name.length && rawHeaders[at]?.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? '')
  }
  return values
}
