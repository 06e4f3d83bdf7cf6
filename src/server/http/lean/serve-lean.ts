import type { IncomingMessage, ServerResponse } from 'node:http'
import { Code, ConnectError } from '@connectrpc/connect'
import { compressionNegotiate, mergeNonProtocolHeaders, type Compression } from '@connectrpc/connect/protocol'
import { codeToHttpStatus, contentTypeUnaryJson, errorToJsonBytes } from '@connectrpc/connect/protocol-connect'
import type { HttpRequest, HttpResponse } from '../../../runtime/answer-page.ts'
import { REFUSAL } from '../../access/refuse.ts'
import type { ServeRpcOptions } from '../serve-rpc.ts'
import { answerLines } from './answer-lines.ts'
import { callsOn } from './calls-on.ts'
import { invoke } from './invoke.ts'
import { LeanCall } from './lean-call.ts'
import type { LeanMethod } from './lean-method.ts'
import { leanRequest, type LeanRequest } from './lean-request.ts'
import { readBody } from './read-body.ts'

const OK = 200

/**
 * Serves a unary Connect call over HTTP/1.1 without Connect's handlers, whose way through web streams, signals and
 * iterators costs several times as much as the call itself. Gate, interceptors, handler and answer are the same.
 * False: the request is not of this kind, or is wrong in a way that it explains nothing of.
 */
export function serveLean(rpc: LeanMethod, request: HttpRequest, response: HttpResponse, { log, access }: ServeRpcOptions): boolean {
  if ('stream' in request || 'stream' in response) return false
  const asked = leanRequest(rpc, request)
  if (asked === undefined) return false
  const call = new LeanCall(rpc, asked)
  if (access !== undefined) call.values.set(REFUSAL, access(request, rpc.path))
  const calls = callsOn(request.socket)
  calls.add(call)
  const answer = (status: number, body: Uint8Array): void => {
    calls.delete(call)
    write(rpc, call, { request, response, asked, status, body }).catch((error: unknown) => {
      log.error({ err: error, path: rpc.path }, 'answer failed')
      response.destroy()
    })
  }
  run(rpc, call, asked, request).then(
    body => answer(OK, body),
    (error: unknown) => {
      call.end(error)
      const known = error instanceof ConnectError ? error : new ConnectError('internal error', Code.Internal, undefined, undefined, error)
      call.responseHeader.set('content-type', contentTypeUnaryJson)
      if (!known.isWireError) mergeNonProtocolHeaders(call.responseHeader, known.metadata)
      answer(codeToHttpStatus(known.code), errorToJsonBytes(known, rpc.options.jsonOptions))
    },
  )
  return true
}

async function run(rpc: LeanMethod, call: LeanCall, asked: LeanRequest, request: IncomingMessage): Promise<Uint8Array> {
  const { options, serialization } = rpc
  await options.requestGate?.(call)
  const { compression } = asked
  const packing = compression === null || compression === 'identity' ? undefined : negotiated(rpc, call, asked)
  if (packing?.error !== undefined) throw packing.error
  if (call.timeoutError !== undefined) throw call.timeoutError
  const bytes = asked.message?.() ?? (await new Promise<Uint8Array>((resolve, reject) => readBody(request, options.readMaxBytes, resolve, reject)))
  const unpacked = packing?.request ? await packing.request.decompress(bytes, options.readMaxBytes) : bytes
  const output = await invoke(rpc, call, serialization.getI(asked.isBinary).parse(unpacked))
  const body = serialization.getO(asked.isBinary).serialize(output)
  call.end()
  return body
}

function negotiated({ options }: LeanMethod, call: LeanCall, { compression }: LeanRequest): ReturnType<typeof compressionNegotiate> {
  return compressionNegotiate(options.acceptCompression, compression, call.requestHeader.get('accept-encoding'), 'Accept-Encoding')
}

interface Answer {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly asked: LeanRequest
  readonly status: number
  readonly body: Uint8Array
}

async function write(rpc: LeanMethod, call: LeanCall, { request, response, asked, status, body }: Answer): Promise<void> {
  const packing: Compression | null = body.length >= rpc.options.compressMinBytes ? negotiated(rpc, call, asked).response : null
  const bytes = packing === null ? body : await packing.compress(body)
  if (response.destroyed || response.writableEnded) return
  response.writeHead(status, answerLines(call.responseHeader, call.responseTrailer, bytes.length, packing?.name))
  if (request.method === 'HEAD') response.end()
  else response.end(bytes)
}
