/** RFC 6750, 2.1. The scheme is case-insensitive. */
const BEARER = /^bearer +([\w~+/.-]+=*)$/i
const MAX_LENGTH = 1_024

/** A bearer token, or a description of what was sent instead that shows nothing of it. */
export type Presented = { readonly token: string } | { readonly got: string; readonly isAbsent: boolean }

/**
 * The bearer token of a request. A repeated header is rejected, because a proxy and the server may read different values. Node's
 * `headers` would hide the repetition.
 *
 * @param rawHeaders names and values in turn
 */
export function bearerToken(rawHeaders: readonly string[]): Presented {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === 'authorization') values.push(rawHeaders[at + 1] ?? '')
  }
  const [value] = values
  if (value === undefined) return { got: 'none', isAbsent: true }
  if (values.length > 1) return { got: `${values.length} values`, isAbsent: false }
  if (value.length > MAX_LENGTH) return { got: `${value.length} characters`, isAbsent: false }
  const token = BEARER.exec(value.trim())?.[1]
  return token === undefined ? { got: 'a value in another form', isAbsent: false } : { token }
}
