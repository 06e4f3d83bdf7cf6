import type { ServerResponse } from 'node:http'
import { cors } from '@connectrpc/connect'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import { COUNT_AGE_HEADER, COUNT_SOURCE_HEADER } from '../ping-service/ping-count.ts'
import { PING_ID_HEADER } from '../ping-service/ping.ts'

const EXPOSED = [...cors.exposedHeaders, PING_ID_HEADER, COUNT_SOURCE_HEADER, COUNT_AGE_HEADER, 'Retry-After', 'WWW-Authenticate'].join(
  ', ',
)
const ALLOWED_METHODS = cors.allowedMethods.join(', ')
const ALLOWED_HEADERS = [...cors.allowedHeaders, 'Authorization'].join(', ')
/** Names of headers in a list, as a preflight asks for them. */
const NAMES = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/
/** How long a browser may remember a preflight, in seconds: two hours, the most that Chrome takes. */
const MAX_AGE_SECONDS = 7_200

/** `*`, or the origins whose pages may call. */
export type AllowedOrigins = readonly string[]

/**
 * Lets pages of other origins call. Ping has no cookies, and a page has a token only if it was given one, so nothing is
 * granted that a direct call would not have. Answers a preflight, and then returns true.
 */
export function handleCors(request: HttpRequest, response: HttpResponse, allowed: AllowedOrigins): boolean {
  const { origin } = request.headers
  if (origin === undefined) return false
  const anyResponse = response as ServerResponse
  const anyOrigin = allowed.includes('*')
  const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
  if (!anyOrigin) anyResponse.setHeader('vary', 'origin')
  if (anyOrigin || allowed.includes(origin)) {
    anyResponse.setHeader('access-control-allow-origin', anyOrigin ? '*' : origin)
    if (isPreflight) {
      anyResponse.setHeader('access-control-allow-methods', ALLOWED_METHODS)
      anyResponse.setHeader('access-control-allow-headers', allowedHeaders(request.headers['access-control-request-headers']))
      anyResponse.setHeader('access-control-max-age', MAX_AGE_SECONDS)
    } else {
      anyResponse.setHeader('access-control-expose-headers', EXPOSED)
    }
  }
  if (isPreflight) anyResponse.writeHead(204).end()
  return isPreflight
}

/** Those that the protocols have, and those that the page asks for: what tracing adds, or a proxy in front. None grants anything. */
function allowedHeaders(asked: string | undefined): string {
  return asked !== undefined && NAMES.test(asked) ? `${ALLOWED_HEADERS}, ${asked}` : ALLOWED_HEADERS
}
