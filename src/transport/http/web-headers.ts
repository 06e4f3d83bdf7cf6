import type { IncomingHttpHeaders } from 'node:http'
import { isFarDeadline } from '../rpc/time-out-header.ts'

/** Headers whose values are case-insensitive names of codings (RFC 9110, 8.4.1). */
const CODINGS: readonly string[] = ['content-encoding', 'grpc-encoding', 'connect-content-encoding']

/**
 * Converts Node's headers of a request to those that handlers see.
 *
 * @param contentType undefined: the message is in the URL
 */
export function webHeaders(headers: IncomingHttpHeaders, contentType: string | undefined): Headers {
  const made = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':')) continue
    for (const one of typeof value === 'string' ? [value] : value) {
      const shown = webValue(name, one)
      if (shown !== undefined) made.append(name, shown)
    }
  }
  if (contentType === undefined) made.delete('content-type')
  else made.set('content-type', contentType)
  return made
}

/** The value of a header as handlers see it. Undefined: the header is hidden. */
export function webValue(name: string, value: string): string | undefined {
  if (isFarDeadline(name, value)) return undefined
  // Node joins the values of a repeated name with ", ". The platform's headers remove a space at the end.
  const plain = value.endsWith(' ') ? value.trimEnd() : value
  return CODINGS.includes(name) ? plain.toLowerCase() : plain
}
