import type { IncomingMessage } from 'node:http'
import { base64Decode } from '@bufbuild/protobuf/wire'
import { queryFault } from '../query-fault.ts'
import type { LeanMethod } from './lean-method.ts'
import { RequestHeaders } from './request-headers.ts'

/** Whether the body of each type is binary. Other spellings of these types are left to Connect's handlers. */
const TYPES: ReadonlyMap<string | undefined, boolean> = new Map([
  ['application/json', false],
  ['application/proto', true],
])
/** A target that cannot be understood in two ways. */
const PLAIN_TARGET = /^[!"$-~]*$/
/** The query of most JSON clients. What it matches needs no further checks. */
const PLAIN_QUERY = /\?(?:connect=v1&)?encoding=json&message=([^&=+]+)(?:&connect=v1)?$/

/** A request that the lean way can serve, before its body is read. */
export interface LeanRequest {
  /** GET for a HEAD. */
  readonly requestMethod: string
  readonly url: string
  readonly header: RequestHeaders
  readonly isBinary: boolean
  /** The name of the message's compression, or null if there is none. */
  readonly compression: string | null
  /** The message of a GET. Undefined: the message is in the body. */
  readonly message: (() => Uint8Array) | undefined
}

/** Undefined: the request is for Connect's handlers, or they or serveRpc explain what is wrong with it. */
export function leanRequest(rpc: LeanMethod, request: IncomingMessage): LeanRequest | undefined {
  const { method, headers, url = '' } = request
  if (method === 'POST') {
    const contentType = headers['content-type']
    const isBinary = TYPES.get(contentType)
    if (isBinary === undefined) return undefined
    const header = new RequestHeaders(headers, contentType)
    return {
      requestMethod: method,
      url: `http://localhost${url}`,
      header,
      isBinary,
      compression: header.get('content-encoding'),
      message: undefined,
    }
  }
  if ((method !== 'GET' && method !== 'HEAD') || !rpc.takesGet || !PLAIN_TARGET.test(url)) return undefined
  const query = plainQuery(url) ?? anyQuery(url)
  return query && { requestMethod: 'GET', url: `http://localhost${url}`, header: new RequestHeaders(headers, undefined), ...query }
}

type Query = Pick<LeanRequest, 'isBinary' | 'compression' | 'message'>

function plainQuery(url: string): Query | undefined {
  const [, message] = PLAIN_QUERY.exec(url) ?? []
  if (message === undefined || url.indexOf('?') !== url.lastIndexOf('?')) return undefined
  try {
    const text = decodeURIComponent(message)
    return { isBinary: false, compression: null, message: () => Buffer.from(text) }
  } catch {
    return undefined // Connect's handlers decide how to read such text
  }
}

function anyQuery(url: string): Query | undefined {
  if (queryFault(url) !== undefined) return undefined
  const parameters = new URLSearchParams(url.slice(url.indexOf('?')))
  const text = parameters.get('message') ?? ''
  return {
    isBinary: parameters.get('encoding') === 'proto',
    compression: parameters.get('compression'),
    message: () => (parameters.get('base64') === '1' ? base64Decode(text) : Buffer.from(text)),
  }
}
