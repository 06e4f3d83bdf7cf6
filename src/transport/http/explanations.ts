import { Code } from '@connectrpc/connect'
import type { HttpRequest, HttpResponse } from '../../runtime/answer-page.ts'
import { send } from '../../runtime/answer-page.ts'
import { shownText } from '../../runtime/shown-text.ts'
import type { QueryFault } from './query-fault.ts'
import type { RequestFault } from './request-fault.ts'

/** Answers to requests that no handler accepts. Each says what was received, what is expected, and a command that works. */

/** What may be part of a command that a reader copies into a shell: a name or an address, and a port. */
const PLAIN_HOST = /^(?:[\w.-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i
const GRPC = /^application\/grpc(?:-web)?(?:\+\w+)?\b/i

/** Paths of methods that accept an empty message. They are shown to callers that asked for an unknown path. */
export type ExamplePaths = readonly [string, ...string[]]

/** A request for a route that works. */
export interface RouteExample {
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly contentType?: string
}

/** What a method accepts. */
export interface Accepts {
  readonly path: string
  readonly methods: readonly string[]
  readonly contentTypes: readonly string[]
}

export function unknownPath(request: HttpRequest, response: HttpResponse, examples: ExamplePaths): void {
  // Without the query, which may contain a secret.
  const fault = `path: got ${shown(request.url?.split('?', 1)[0])}, expected ${examples.join(' or ')}`
  const [grpcType] = GRPC.exec(request.headers['content-type'] ?? '') ?? []
  if (grpcType !== undefined) return unknownMethod(request, response, grpcType, fault)
  answer(request, response, 404, [fault, '', 'Send:', ...examples.map(path => curl(request, path))])
}

/** Answers a gRPC client with a status without a body. Of any other answer it would show only the HTTP status. */
function unknownMethod(request: HttpRequest, response: HttpResponse, type: string, fault: string): void {
  const status = { 'grpc-status': String(Code.Unimplemented), 'grpc-message': encodeURIComponent(fault) }
  if (!('stream' in response)) return send(request, response, { status: 200, type, body: '' }, status)
  // The headers must end the stream: clients in Go accept the status of a bodyless answer only in this form.
  for (const [name, value] of Object.entries({ 'content-type': type, 'x-content-type-options': 'nosniff', ...status }))
    response.setHeader(name, value)
  response.end()
}

/** Answers OPTIONS with the methods that the server, or a path, accepts. */
export function options(request: HttpRequest, response: HttpResponse, methods: readonly string[]): void {
  send(request, response, { status: 200, type: 'text/plain; charset=utf-8', body: '' }, { allow: methods.join(', ') })
}

export function wrongMethod(request: HttpRequest, response: HttpResponse, accepts: Accepts): void {
  const lines = [`method: got ${shown(request.method)}, expected ${accepts.methods.join(' or ')}`, '']
  lines.push('Send:', curl(request, accepts.path))
  answer(request, response, 405, lines, { allow: accepts.methods.join(', ') })
}

/** Answers a method that a path has no route for. */
export function wrongRouteMethod(
  request: HttpRequest,
  response: HttpResponse,
  methods: readonly string[],
  examples: readonly RouteExample[],
): void {
  const lines = [`method: got ${shown(request.method)}, expected ${methods.join(' or ')}`, '', 'Send:']
  answer(request, response, 405, [...lines, ...examples.map(example => curlRoute(request, example))], { allow: methods.join(', ') })
}

export function wrongContentType(request: HttpRequest, response: HttpResponse, accepts: Accepts): void {
  const got = request.headers['content-type']
  const lines = [`content-type: got ${got === undefined ? 'none' : shown(got)}, expected one of ${accepts.contentTypes.join(', ')}`]
  if (got?.startsWith('application/x-www-form-urlencoded')) lines.push('(curl -d sends a form unless -H sets another content-type)')
  lines.push('', 'Send:', curl(request, accepts.path))
  answer(request, response, 415, lines, { 'accept-post': accepts.contentTypes.join(', ') })
}

export function wrongQuery(request: HttpRequest, response: HttpResponse, path: string, { name, got, expected }: QueryFault): void {
  const lines = [`query parameter ${name}: got ${shown(got)}, expected ${expected}`, '']
  lines.push('Send:', curlGet(request, path), curl(request, path))
  // As in Connect: an unknown encoding is an unsupported media type.
  answer(request, response, name === 'encoding' ? 415 : 400, lines)
}

export function wrongTarget(request: HttpRequest, response: HttpResponse, [example]: ExamplePaths): void {
  answer(
    request,
    response,
    400,
    [`request target: got a URL without a host or with a user name, expected a path such as ${example}, or a URL with a host and the path`],
    lastOf(request),
  )
}

export function wrongVersion(request: HttpRequest, response: HttpResponse): void {
  answer(
    request,
    response,
    505,
    [`HTTP version: got ${request.httpVersion}, expected 2, because this method sends answers while it reads requests`],
    lastOf(request),
  )
}

export function wrongExpectation(request: HttpRequest, response: HttpResponse): void {
  answer(request, response, 417, [`header expect: got ${shown(request.headers.expect)}, expected none, or 100-continue`], lastOf(request))
}

export function faultyRequest(request: HttpRequest, response: HttpResponse, { status, text }: RequestFault): void {
  answer(request, response, status, [text], lastOf(request))
}

/** Why CONNECT is not accepted. */
export function noTunnelText(methods: readonly string[]): string {
  return `method: got "CONNECT", expected ${methods.slice(0, -1).join(', ')} or ${methods.at(-1)}`
}

/** Answers CONNECT. */
export function noTunnel(request: HttpRequest, response: HttpResponse, methods: readonly string[]): void {
  answer(request, response, 405, [noTunnelText(methods)], { allow: methods.join(', ') })
}

/** Closes an HTTP/1.1 connection after the answer: if its bytes are ambiguous, nothing more must be read from it. */
function lastOf(request: HttpRequest): Readonly<Record<string, string>> {
  return 'stream' in request ? {} : { connection: 'close' }
}

function curl(request: HttpRequest, path: string): string {
  return `  curl -H 'content-type: application/json' -d '{}' ${originOf(request)}${path}`
}

function curlRoute(request: HttpRequest, { method, path, body, contentType }: RouteExample): string {
  const words = [
    ...(method === 'GET' ? [] : ['-X', method]),
    ...(contentType === undefined ? [] : ['-H', `'content-type: ${contentType}'`]),
    ...(body === undefined ? [] : ['--data', `'${body}'`]),
  ]
  return ['  curl', ...words, `'${originOf(request)}${path}'`].join(' ')
}

/** Where the caller reaches this server, such as http://127.0.0.1:8080; fit to be copied into a shell. */
export function originOf(request: HttpRequest): string {
  return `http${'encrypted' in request.socket ? 's' : ''}://${hostOf(request)}`
}

function curlGet(request: HttpRequest, path: string): string {
  return `  curl '${originOf(request)}${path}?encoding=json&message=%7B%7D'`
}

function hostOf(request: HttpRequest): string {
  const host = 'authority' in request ? request.authority : request.headers.host
  if (host !== undefined && PLAIN_HOST.test(host)) return host
  return `127.0.0.1:${request.socket.localPort}`
}

function shown(got: string | undefined): string {
  return got === undefined ? 'none' : shownText(got)
}

function answer(
  request: HttpRequest,
  response: HttpResponse,
  status: number,
  lines: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): void {
  send(request, response, { status, type: 'text/plain; charset=utf-8', body: `${lines.join('\n')}\n` }, headers)
}
