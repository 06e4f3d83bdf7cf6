/** The values of `encoding` that Connect's GET accepts. Its handler answers other values without an explanation. */
const ENCODINGS: readonly string[] = ['json', 'proto']

/** Base64 of both alphabets. A plus sign has to be escaped in a query. */
const BASE64 = /^[\w+/-]*$/

const VERSION = 'v1'
const NAMES = ['encoding', 'message', 'base64', 'compression', 'connect'] as const
type Name = (typeof NAMES)[number]

/** A wrong parameter of a GET. */
export interface QueryFault {
  readonly name: Name
  /** Undefined: the parameter is missing. */
  readonly got: string | undefined
  readonly expected: string
}

/** The first wrong parameter of a GET. Undefined: the handler can serve it. */
export function queryFault(url: string): QueryFault | undefined {
  const parameters = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')
  const repeated = NAMES.find(name => parameters.getAll(name).length > 1)
  if (repeated !== undefined) return { name: repeated, got: parameters.getAll(repeated).join(', '), expected: 'it once' }
  const version = parameters.get('connect') ?? undefined
  if (version !== undefined && version !== VERSION) return { name: 'connect', got: version, expected: `${VERSION}, or no such parameter` }
  const encoding = parameters.get('encoding') ?? undefined
  if (encoding === undefined || !ENCODINGS.includes(encoding)) return { name: 'encoding', got: encoding, expected: ENCODINGS.join(' or ') }
  const message = parameters.get('message') ?? undefined
  if (message === undefined) return { name: 'message', got: undefined, expected: 'the request, such as {} with encoding=json' }
  // In binary, an empty message is valid: it has no fields.
  if (message === '' && encoding === 'json') return { name: 'message', got: '', expected: 'the request as JSON, such as {}' }
  return base64Fault(parameters.get('base64') ?? undefined, message)
}

function base64Fault(base64: string | undefined, message: string): QueryFault | undefined {
  if (base64 === undefined) return undefined
  if (base64 !== '1') return { name: 'base64', got: base64, expected: '1, or no such parameter' }
  const digits = message.replace(/={1,2}$/, '')
  // One digit alone does not encode a byte.
  if (BASE64.test(digits) && digits.length % 4 !== 1) return undefined
  return { name: 'message', got: message, expected: 'URL-safe base64, because of base64=1' }
}
