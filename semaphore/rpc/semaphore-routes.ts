import type { DescMethodUnary, MessageShape, DescMessage } from '@bufbuild/protobuf'
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect'
import { SemaphoreService } from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import type { Handler } from '../../src/transport/rpc/call.ts'
import { withinDeadline } from '../../src/transport/rpc/deadline.ts'
import { jsonReading } from '../../src/transport/rpc/json-reading.ts'
import type { ResourceWatches } from '../calls/resource-watches.ts'
import type { SemaphoreCalls } from '../calls/semaphore-calls.ts'
import type { SemaphoreQuestions } from '../calls/semaphore-questions.ts'
import { createCancel, createExtend, createFinish, createSetLimits, createSubmit } from './changes.ts'
import { createGetCommand, createGetResource, createListQueue, createListResources } from './questions.ts'
import { createWatch } from './watch.ts'

export interface SemaphoreRoutesOptions {
  readonly calls: SemaphoreCalls
  readonly questions: SemaphoreQuestions
  readonly watches: ResourceWatches
  /** Maximum size of a command, in bytes. */
  readonly maxCommandBytes: number
  /** Maximum size of the message of Submit, in bytes, also after decompression. */
  readonly maxSubmitBytes: number
  /** Aborted when the server drains: streams end then. */
  readonly stopping: AbortSignal
}

/** Registers the methods of SemaphoreService on Connect's router. */
export function semaphoreRoutes(options: SemaphoreRoutesOptions): (router: ConnectRouter) => void {
  const { calls, questions, watches, maxCommandBytes, maxSubmitBytes, stopping } = options
  const { method } = SemaphoreService
  return router => {
    unary(router, method.submit, createSubmit(calls, maxCommandBytes), maxSubmitBytes)
    unary(router, method.finish, createFinish(calls))
    unary(router, method.extend, createExtend(calls))
    unary(router, method.cancel, createCancel(calls))
    unary(router, method.setLimits, createSetLimits(calls))
    unary(router, method.getResource, createGetResource(questions))
    unary(router, method.getCommand, createGetCommand(questions))
    unary(router, method.listQueue, createListQueue(questions))
    unary(router, method.listResources, createListResources(questions))
    router.rpc(method.watch, createWatch(watches, stopping), jsonReading(method.watch.input))
  }
}

/** Registers a method whose handler is limited to the call's deadline. */
function unary<I extends DescMessage, O extends DescMessage>(
  router: ConnectRouter,
  method: DescMethodUnary<I, O>,
  handler: Handler<MessageShape<I>, MessageShape<O>>,
  readMaxBytes?: number,
): void {
  const answer = (request: MessageShape<I>, context: HandlerContext): Promise<MessageShape<O>> => {
    const responseHeader = (name: string, value: string): void => context.responseHeader.set(name, value)
    return withinDeadline(context, () => handler(request, { responseHeader }))
  }
  router.rpc(method, answer, { ...jsonReading(method.input), ...(readMaxBytes !== undefined && { readMaxBytes }) })
}
