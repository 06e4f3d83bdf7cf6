import type { HttpRequest } from '../../runtime/answer-page.ts'
import { shownText } from '../../runtime/shown-text.ts'

const WEB = /^https?:$/

/**
 * Says why a request for a route is refused: a page of an origin that is not allowed has sent it. Undefined: it is not. A browser
 * asks before it sends most requests of such a page, but not before a POST of plain text, of a form or of nothing; it only hides the answer.
 *
 * @param allowedOrigins `*`, or the origins whose pages may call, besides the pages of the server's own host
 */
export function foreignOrigin(request: HttpRequest, allowedOrigins: readonly string[]): string | undefined {
  const { origin } = request.headers
  if (origin === undefined || allowedOrigins.includes('*') || allowedOrigins.includes(origin)) return undefined
  const host = 'authority' in request ? request.authority : request.headers.host
  if (isOwn(origin, host)) return undefined
  return `header origin: got ${shownText(origin)}, expected none, the origin of this address, or one that CORS_ORIGINS allows`
}

/** Whether the origin has the host and the port that the request was sent to. A proxy in between may have ended TLS, so the scheme may differ. */
function isOwn(origin: string, host: string | undefined): boolean {
  const from = URL.parse(origin)
  if (from === null || host === undefined || !WEB.test(from.protocol)) return false
  return URL.parse(`${from.protocol}//${host}`)?.host === from.host
}
