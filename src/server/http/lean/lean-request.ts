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
    return { requestMethod: method, url: `http://localhost${url}`, header, isBinary, compression: header.get('content-encoding'), message: undefined }
  }
  if ((method !== 'GET' && method !== 'HEAD') || !rpc.takesGet || !PLAIN_TARGET.test(url) || queryFault(url) !== undefined) return undefined
  const parameters = new URLSearchParams(url.slice(url.indexOf('?')))
  const text = parameters.get('message') ?? ''
  return {
    requestMethod: 'GET',
    url: `http://localhost${url}`,
    header: new RequestHeaders(headers, undefined),
    isBinary: parameters.get('encoding') === 'proto',
    compression: parameters.get('compression'),
    message: () => (parameters.get('base64') === '1' ? base64Decode(text) : Buffer.from(text)),
  }
}
