import type { ServerResponse } from 'node:http'
import { cors } from '@connectrpc/connect'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'

const ALLOWED_HEADERS = [...cors.allowedHeaders, 'Authorization'].join(', ')
/** A list of header names, as in a preflight. */
const NAMES = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/
/** How long a browser may cache a preflight, in seconds: two hours, the maximum of Chrome. */
const MAX_AGE_SECONDS = 7_200

export interface CorsOptions {
  /** `*`, or the origins whose pages may call. */
  readonly allowedOrigins: readonly string[]
  /** Methods that pages may use, besides those of the protocols. */
  readonly allowedMethods?: readonly string[]
  /** Headers of answers that pages may read, besides those of the protocols. */
  readonly exposedHeaders?: readonly string[]
}

/** Sets the CORS headers of an answer. Answers a preflight itself, and then returns true. */
export type Cors = (request: HttpRequest, response: HttpResponse) => boolean

/**
 * Lets pages of other origins call. There are no cookies, and a page has a token only if it was given one, so a page gets no rights
 * that a direct call would not have.
 */
export function createCors({ allowedOrigins, allowedMethods = [], exposedHeaders = [] }: CorsOptions): Cors {
  const methods = [...new Set([...cors.allowedMethods, ...allowedMethods])].join(', ')
  const anyOrigin = allowedOrigins.includes('*')
  const exposed = [...cors.exposedHeaders, ...exposedHeaders, 'Retry-After', 'WWW-Authenticate'].join(', ')
  return (request, response) => {
    const { origin } = request.headers
    if (origin === undefined) return false
    const anyResponse = response as ServerResponse
    const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
    if (!anyOrigin) anyResponse.setHeader('vary', 'origin')
    if (anyOrigin || allowedOrigins.includes(origin)) {
      anyResponse.setHeader('access-control-allow-origin', anyOrigin ? '*' : origin)
      if (isPreflight) {
        anyResponse.setHeader('access-control-allow-methods', methods)
        anyResponse.setHeader('access-control-allow-headers', allowedHeaders(request.headers['access-control-request-headers']))
        anyResponse.setHeader('access-control-max-age', MAX_AGE_SECONDS)
      } else {
        anyResponse.setHeader('access-control-expose-headers', exposed)
      }
    }
    if (isPreflight) anyResponse.writeHead(204).end()
    return isPreflight
  }
}

/** The headers of the protocols, and those that the page asks for, such as those of tracing or of a proxy. None grants any right. */
function allowedHeaders(asked: string | undefined): string {
  return asked !== undefined && NAMES.test(asked) ? `${ALLOWED_HEADERS}, ${asked}` : ALLOWED_HEADERS
}
