import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DescMethodUnary, DescService } from '@bufbuild/protobuf'
import { Code, ConnectError, type ContextValues, type HandlerContext } from '@connectrpc/connect'
import { createDeadlineSignal, createLinkedAbortController } from '@connectrpc/connect/protocol'
import { contentTypeUnaryJson, contentTypeUnaryProto, parseTimeout } from '@connectrpc/connect/protocol-connect'
import { rewriteError } from '../../rpc/rewrite-error.ts'
import { AnswerHeaders } from './answer-headers.ts'
import { CallValues } from './call-values.ts'
import type { LeanMethod } from './lean-method.ts'
import type { LeanRequest } from './lean-request.ts'

/** One object for all calls: creating an error with its stack for each is expensive. */
const GONE = new ConnectError('the caller closed the connection before it was answered', Code.Canceled)
const NO_DEADLINE = (): undefined => undefined

/** The signal of a call, once it was needed. */
interface Abortable {
  readonly controller: AbortController
  readonly cleanup: () => void
}

/**
 * One unary call, and the context that checks, interceptors and handler see, the same as with Connect's handlers. The signal and
 * the platform's headers are created only when they are needed, which is rare.
 */
export class LeanCall implements HandlerContext {
  readonly rpc: LeanMethod
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly asked: LeanRequest
  readonly service: DescService
  readonly method: DescMethodUnary
  readonly requestMethod: string
  readonly protocolName = 'connect'
  readonly url: string
  readonly requestHeader: Headers
  readonly responseHeader: AnswerHeaders
  readonly values: ContextValues = new CallValues()
  readonly timeoutMs: () => number | undefined
  /** The error if the caller's deadline is malformed. */
  readonly timeoutError: ConnectError | undefined
  readonly #startedAt = performance.now()
  #trailer: AnswerHeaders | undefined
  #abortable: Abortable | undefined
  #isOver = false
  #reason: unknown

  constructor(rpc: LeanMethod, request: IncomingMessage, response: ServerResponse, asked: LeanRequest) {
    this.rpc = rpc
    this.request = request
    this.response = response
    this.asked = asked
    this.service = rpc.method.parent
    this.method = rpc.method
    this.requestMethod = asked.requestMethod
    this.url = asked.url
    this.requestHeader = asked.header
    this.responseHeader = new AnswerHeaders(['content-type', asked.isBinary ? contentTypeUnaryProto : contentTypeUnaryJson])
    const deadline = asked.header.get('connect-timeout-ms')
    if (deadline === null) {
      this.timeoutMs = NO_DEADLINE
      return
    }
    const { timeoutMs, error } = parseTimeout(deadline, rpc.options.maxTimeoutMs)
    this.timeoutError = error
    this.timeoutMs = timeoutMs === undefined ? NO_DEADLINE : leftUntil(Date.now() + timeoutMs)
  }

  get responseTrailer(): AnswerHeaders {
    return (this.#trailer ??= new AnswerHeaders([]))
  }

  get signal(): AbortSignal {
    if (this.#abortable === undefined) {
      const { signal, cleanup } = createDeadlineSignal(this.timeoutMs())
      const controller = createLinkedAbortController(signal, this.rpc.options.shutdownSignal)
      this.#abortable = { controller, cleanup }
      if (this.#isOver) this.#abort()
    }
    return this.#abortable.controller.signal
  }

  /** Ends the call. Called before its answer is sent. */
  end(reason?: unknown): void {
    if (reason instanceof ConnectError) rewriteError(reason, this.method)
    this.#close(reason)
  }

  /** The caller disconnected before the answer, or the server cuts it off. */
  leave(): void {
    const { shutdownSignal } = this.rpc.options
    this.#close(shutdownSignal?.aborted === true ? shutdownSignal.reason : GONE)
  }

  /** The first reason counts. */
  #close(reason: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#reason = reason
    this.rpc.calls.ended(this, this.#isLate() ? deadlinePassed() : reason, performance.now() - this.#startedAt)
    if (this.#abortable !== undefined) this.#abort()
  }

  #isLate(): boolean {
    const leftMs = this.timeoutMs()
    return leftMs !== undefined && leftMs <= 0
  }

  #abort(): void {
    this.#abortable?.cleanup()
    this.#abortable?.controller.abort(this.#reason)
  }
}

function leftUntil(deadlineMs: number): () => number {
  return () => deadlineMs - Date.now()
}

function deadlinePassed(): ConnectError {
  return new ConnectError('the operation timed out', Code.DeadlineExceeded)
}
