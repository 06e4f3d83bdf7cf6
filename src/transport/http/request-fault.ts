import type { HttpRequest } from '../../runtime/answer-page.ts'
import { shownText } from '../../runtime/shown-text.ts'

/** Why a request is rejected, no matter what it asks for. */
export interface RequestFault {
  readonly status: number
  readonly text: string
}

/** What HTTP/2 adds to the length of each header (RFC 9113, 6.5.2). */
const HEADER_OVERHEAD_BYTES = 32

/**
 * Finds headers that a proxy and the server may understand differently, or that Node accepts without understanding them.
 * Undefined: nothing is wrong. The host itself may be anything, because no routing depends on it.
 */
export function requestFault(request: HttpRequest, maxHeaderBytes: number): RequestFault | undefined {
  const { rawHeaders } = request
  // Node's `headers` would hide all but the first.
  const hosts = countOf(rawHeaders, 'host')
  if (hosts > 1) return fault(400, `header host: got ${hosts} values, expected one`)
  const types = countOf(rawHeaders, 'content-type')
  if (types > 1) return fault(400, `header content-type: got ${types} values, expected one`)
  return 'authority' in request ? http2Fault(request, maxHeaderBytes) : http1Fault(request)
}

function http1Fault({ httpVersion, headers }: HttpRequest): RequestFault | undefined {
  if (!httpVersion.startsWith('1.') && httpVersion !== '0.9')
    return fault(505, `HTTP version: got ${httpVersion} in the syntax of 1.1, expected 1.1, or 2 with its connection preface`)
  if (headers.host === undefined && httpVersion === '1.1')
    return fault(400, 'header host: got none, expected the host of the request, such as 127.0.0.1:8080')
  const coding = headers['transfer-encoding']
  if (coding === undefined || coding.toLowerCase() === 'chunked') return undefined
  return fault(501, `header transfer-encoding: got ${shownText(coding)}, expected chunked; use content-encoding for the compression`)
}

function http2Fault({ rawHeaders, headers }: HttpRequest, maxHeaderBytes: number): RequestFault | undefined {
  const bytes = rawHeaders.reduce((sum, text) => sum + text.length, (rawHeaders.length / 2) * HEADER_OVERHEAD_BYTES)
  // Node announces the limit but does not enforce it.
  if (bytes > maxHeaderBytes) return fault(431, `headers: got ${bytes} bytes, expected at most ${maxHeaderBytes}`)
  const { ':authority': authority, host } = headers
  // RFC 9113, 8.3.1.
  if (typeof authority !== 'string' || host === undefined || host.toLowerCase() === authority.toLowerCase()) return undefined
  return fault(400, `header host: got ${shownText(host)}, expected none, or the value of :authority, which is ${shownText(authority)}`)
}

function fault(status: number, text: string): RequestFault {
  return { status, text }
}

function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at] ?? ''
    if (raw.length === name.length && raw.toLowerCase() === name) count++
  }
  return count
}
