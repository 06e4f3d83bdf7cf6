import type { IncomingHttpHeaders } from 'node:http'
import { isFarDeadline } from '../rpc/time-out-header.ts'

/** Names of codings, which are no matter of case (RFC 9110, 8.4.1). */
const CODINGS: readonly string[] = ['content-encoding', 'grpc-encoding', 'connect-content-encoding']

/**
 * Node's headers of a request as handlers see them.
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

/** The value of a header as handlers see it; undefined: as if it were not there. */
export function webValue(name: string, value: string): string | undefined {
  if (isFarDeadline(name, value)) return undefined
  // Node joins the values of a name that is repeated with ", "; the platform's headers take a space at the end away.
  const plain = value.endsWith(' ') ? value.trimEnd() : value
  return CODINGS.includes(name) ? plain.toLowerCase() : plain
}
