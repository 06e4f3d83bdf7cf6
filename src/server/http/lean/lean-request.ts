import type { IncomingMessage } from 'node:http'
import { base64Decode } from '@bufbuild/protobuf/wire'
import { queryFault } from '../query-fault.ts'
import type { LeanMethod } from './lean-method.ts'
import { RequestHeaders } from './request-headers.ts'

/** Whether the body of each type is binary. Other forms of these are left to Connect's handlers. */
const TYPES: ReadonlyMap<string | undefined, boolean> = new Map([
  ['application/json', false],
  ['application/proto', true],
])
/** A target that two readers cannot read in two ways. */
const PLAIN_TARGET = /^[!"$-~]*$/
/** The query of most clients that ask in JSON; what is in it needs no more checks. */
const PLAIN_QUERY = /\?(?:connect=v1&)?encoding=json&message=([^&=+]+)(?:&connect=v1)?$/

/** A request that the lean way can take, before its body is read. */
export interface LeanRequest {
  /** A HEAD is a GET. */
  readonly requestMethod: string
  readonly url: string
  readonly header: RequestHeaders
  readonly isBinary: boolean
  /** The name of the message's compression; null: none was named. */
  readonly compression: string | null
  /** The message, of a GET; undefined: it is in the body. */
  readonly message: (() => Uint8Array) | undefined
}

/** Undefined: it is for Connect's handlers, or there is something wrong with it that they, or their like, explain. */
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
    return undefined // others read such text in their own way
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
