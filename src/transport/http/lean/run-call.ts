import type { Message } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { compressionNegotiate, mergeNonProtocolHeaders } from '@connectrpc/connect/protocol'
import { codeToHttpStatus, contentTypeUnaryJson, errorToJsonBytes } from '@connectrpc/connect/protocol-connect'
import type { Logger } from '../../../runtime/logger.ts'
import type { CallsOn } from './calls-on.ts'
import { invoke } from './invoke.ts'
import type { LeanCall } from './lean-call.ts'
import type { Body } from './message-format.ts'
import { readBody, type BodyReader } from './read-body.ts'
import { writeAnswer } from './write-answer.ts'

type Packing = ReturnType<typeof compressionNegotiate>

const OK = 200

/** Runs a call from its checks to its answer, in the same order as Connect's handlers. It is one of `calls` until it is answered. */
export function runCall(call: LeanCall, calls: CallsOn, log: Logger): void {
  calls.add(call, new Run(call, calls, log))
}

/** The steps of one call. Steps that wait for nothing call the next one without a promise. */
class Run implements BodyReader {
  readonly #call: LeanCall
  readonly #calls: CallsOn
  readonly #log: Logger
  #packing: Packing | undefined

  constructor(call: LeanCall, calls: CallsOn, log: Logger) {
    this.#call = call
    this.#calls = calls
    this.#log = log
  }

  start(): void {
    const call = this.#call
    try {
      const gated = call.rpc.options.requestGate?.(call)
      if (gated === undefined) this.#receive()
      else gated.then(() => this.#receive()).catch((error: unknown) => this.fail(error))
    } catch (error) {
      this.fail(error)
    }
  }

  #receive(): void {
    const { request, asked, rpc, timeoutError } = this.#call
    const { compression, message } = asked
    if (compression !== null && compression !== 'identity') this.#packing = negotiated(this.#call)
    if (this.#packing?.error !== undefined) throw this.#packing.error
    if (timeoutError !== undefined) throw timeoutError
    if (message === undefined) readBody(request, rpc.options.readMaxBytes, this)
    else this.received(message())
  }

  received(body: Uint8Array): void {
    const { options } = this.#call.rpc
    if (this.#packing?.request)
      this.#packing.request
        .decompress(body, options.readMaxBytes)
        .then(bytes => this.#handle(bytes))
        .catch((error: unknown) => this.fail(error))
    else this.#handle(body)
  }

  #handle(bytes: Uint8Array): void {
    const call = this.#call
    try {
      invoke(call, call.rpc.format(call.asked.isBinary).parse(bytes)).then(
        message => this.#succeed(message),
        (error: unknown) => this.fail(error),
      )
    } catch (error) {
      this.fail(error)
    }
  }

  #succeed(message: Message): void {
    const call = this.#call
    let body: Body
    try {
      body = call.rpc.format(call.asked.isBinary).serialize(message)
    } catch (error) {
      return this.fail(error)
    }
    call.end()
    this.#answer(OK, body)
  }

  fail(error: unknown): void {
    const call = this.#call
    call.end(error)
    const known = error instanceof ConnectError ? error : new ConnectError('internal error', Code.Internal, undefined, undefined, error)
    call.responseHeader.set('content-type', contentTypeUnaryJson)
    if (!known.isWireError) mergeNonProtocolHeaders(call.responseHeader, known.metadata)
    this.#answer(codeToHttpStatus(known.code), errorToJsonBytes(known, call.rpc.options.jsonOptions))
  }

  #answer(status: number, body: Body): void {
    const call = this.#call
    this.#calls.answered(call)
    try {
      if (body.length < call.rpc.options.compressMinBytes) writeAnswer(call, status, body, undefined)
      else this.#answerPacked(status, body).catch((error: unknown) => this.#giveUp(error))
    } catch (error) {
      this.#giveUp(error)
    }
  }

  async #answerPacked(status: number, body: Body): Promise<void> {
    const { response: compression } = negotiated(this.#call)
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    writeAnswer(this.#call, status, compression === null ? bytes : await compression.compress(bytes), compression?.name)
  }

  #giveUp(error: unknown): void {
    this.#log.error({ err: error, path: this.#call.rpc.path }, 'could not send the answer')
    this.#call.response.destroy()
  }
}

function negotiated({ rpc, requestHeader, asked }: LeanCall): Packing {
  return compressionNegotiate(rpc.options.acceptCompression, asked.compression, requestHeader.get('accept-encoding'), 'Accept-Encoding')
}
