/** The parameters of Connect's GET that its handler answers without a word when they are wrong. */
const ENCODINGS: readonly string[] = ['json', 'proto']

/** A parameter of a GET that is wrong. */
export interface QueryFault {
  readonly name: 'encoding' | 'message'
  /** Undefined: absent. */
  readonly got: string | undefined
  readonly expected: string
}

/** The first parameter that keeps the GET from being an RPC; undefined: the handler can take it. */
export function queryFault(url: string): QueryFault | undefined {
  const parameters = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')
  const encoding = parameters.get('encoding') ?? undefined
  if (encoding === undefined || !ENCODINGS.includes(encoding)) return { name: 'encoding', got: encoding, expected: ENCODINGS.join(' or ') }
  const message = parameters.get('message') ?? undefined
  if (message === undefined) return { name: 'message', got: undefined, expected: 'the request, such as {} in the encoding json' }
  // In binary the empty message is a message with nothing in it.
  if (message === '' && encoding === 'json') return { name: 'message', got: '', expected: 'the request as JSON, such as {}' }
  return undefined
}
