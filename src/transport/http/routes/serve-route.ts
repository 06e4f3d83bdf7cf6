import { Code } from '@connectrpc/connect'
import { send, type HttpRequest, type HttpResponse } from '../../../runtime/answer-page.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { shownText } from '../../../runtime/shown-text.ts'
import type { AccessCheck } from '../../access/access-check.ts'
import { invalidInput } from '../../rpc/invalid-input.ts'
import type { CallMeter } from '../../rpc/measure-calls.ts'
import { options as answerOptions, wrongRouteMethod } from '../explanations.ts'
import { foreignOrigin } from '../foreign-origin.ts'
import { callsOn } from '../lean/calls-on.ts'
import { readWholeBody } from './read-whole-body.ts'
import { answerOfError, answerOfRefusal, failed, tooLong, unexpected, type FailedAnswer } from './route-error.ts'
import type { MatchedPath, MatchedRoute } from './route-table.ts'
import { toJson, type RouteAnswer, type RouteRequest } from './route.ts'

export interface ServeRouteOptions {
  readonly log: Logger
  /** Undefined: every caller is accepted. */
  readonly access: AccessCheck | undefined
  /** `*`, or the origins whose pages may change something. */
  readonly allowedOrigins: readonly string[]
  readonly calls: CallMeter
}

/** Answers a request for a path that has routes. */
export function serveRoute(
  { methods }: MatchedPath,
  path: string,
  request: HttpRequest,
  response: HttpResponse,
  options: ServeRouteOptions,
): void {
  const allowed = [...methods.keys()].flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  if (request.method === 'OPTIONS') return answerOptions(request, response, [...allowed, 'OPTIONS'])
  const matched = methods.get(request.method === 'HEAD' ? 'GET' : (request.method ?? ''))
  if (matched === undefined) {
    const examples = [...methods].map(([method, { route }]) => ({ method, ...route.example }))
    return wrongRouteMethod(request, response, allowed, examples)
  }
  const answer = (done: () => void): void => void sendAnswer(matched, path, request, response, options, done)
  if ('stream' in request || 'stream' in response) return answer(ignore)
  // A caller may send thousands of requests without waiting for answers, which would all be kept.
  const calls = callsOn(request.socket)
  const call = { response, leave: ignore }
  calls.add(call, { start: () => answer(() => calls.answered(call)) })
}

function ignore(): void {}

/** Calls `done` before the answer is sent. Never rejects. */
async function sendAnswer(
  matched: MatchedRoute,
  path: string,
  request: HttpRequest,
  response: HttpResponse,
  options: ServeRouteOptions,
  done: () => void,
): Promise<void> {
  const startedAt = performance.now()
  const answer = await answerTo(matched, path, request, options)
  const { route } = matched
  const { code } = answer.json
  options.calls.routeEnded(`${route.method} ${route.path}`, isFailed(answer) ? String(code) : 'ok', performance.now() - startedAt)
  done()
  if (response.destroyed || response.writableEnded) return // the caller has disconnected
  const page = { status: answer.status, type: 'application/json', body: toJson(answer.json) }
  send(request, response, page, answer.headers)
}

function isFailed({ status }: RouteAnswer): boolean {
  return status >= 400
}

/** Never rejects. */
async function answerTo(matched: MatchedRoute, path: string, request: HttpRequest, options: ServeRouteOptions): Promise<RouteAnswer> {
  const { route } = matched
  try {
    const foreign = route.method === 'GET' ? undefined : foreignOrigin(request, options.allowedOrigins)
    if (foreign !== undefined) return failed(403, Code.PermissionDenied, foreign)
    const refusal = options.access?.(request, path)
    if (refusal !== undefined) return answerOfRefusal(refusal)
    const parameters = decoded(matched.segments)
    const { 'content-encoding': encoding = 'identity' } = request.headers
    if (encoding.toLowerCase() !== 'identity') return wrongEncoding(encoding)
    const body = await readWholeBody(request, route.maxBodyBytes)
    if ('declaredBytes' in body) return tooLong(body.declaredBytes, route.maxBodyBytes)
    return await route.handle({ parameters, query: queryOf(request), header: name => headerOf(request, name), body })
  } catch (error) {
    const known = answerOfError(error)
    if (known !== undefined) return known
    options.log.error({ err: error, route: `${route.method} ${route.path}` }, 'request failed')
    return unexpected()
  }
}

/** The parameters of the path. Throws `InvalidInputError`. */
function decoded(segments: MatchedRoute['segments']): RouteRequest['parameters'] {
  const values: Record<string, string> = {}
  for (const [name, text] of Object.entries(segments)) {
    try {
      values[name] = decodeURIComponent(text)
    } catch {
      throw invalidInput(name, text, 'UTF-8 in percent-encoding')
    }
  }
  return values
}

function wrongEncoding(encoding: string): FailedAnswer {
  return failed(415, Code.InvalidArgument, `content-encoding: got ${shownText(encoding)}, expected none: the body is taken as it is`)
}

/** Node joins the values of most headers, so two would look like one. */
function headerOf({ headers, rawHeaders }: HttpRequest, name: string): string | undefined {
  const values = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length
  if (values > 1) throw invalidInput(`header ${name}`, `${values} values`, 'one')
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

function queryOf({ url = '' }: HttpRequest): URLSearchParams {
  const start = url.indexOf('?')
  return new URLSearchParams(start < 0 ? '' : url.slice(start))
}
