import type { DescService } from '@bufbuild/protobuf'
import type { ConnectRouter } from '@connectrpc/connect'
import { ServerReflection as V1 } from '../../gen/grpc/reflection/v1/reflection_pb.ts'
import { ServerReflection as V1Alpha } from '../../gen/grpc/reflection/v1alpha/reflection_pb.ts'
import { jsonReading } from '../rpc/json-reading.ts'
import { answerQuestion, type Answer, type Question } from './answer-question.ts'
import { indexFiles, type FileIndex } from './file-index.ts'

/** gRPC reflection, v1 and v1alpha, for `services` and for itself, so that a client needs no schema. */
export function reflectionRoutes(services: readonly DescService[], stopping: AbortSignal): (router: ConnectRouter) => void {
  const index = indexFiles([...services, V1, V1Alpha])
  const { serverReflectionInfo: v1 } = V1.method
  const { serverReflectionInfo: v1Alpha } = V1Alpha.method
  return router => {
    router.rpc(v1, questions => answers(index, questions, stopping), jsonReading(v1.input))
    router.rpc(v1Alpha, questions => answers(index, questions, stopping), jsonReading(v1Alpha.input))
  }
}

/** Both versions have the same questions and answers. */
interface Asked {
  readonly host: string
  readonly messageRequest: Question
}

async function* answers<Request extends Asked>(
  index: FileIndex,
  questions: AsyncIterable<Request>,
  stopping: AbortSignal,
): AsyncGenerator<{ validHost: string; originalRequest: Request; messageResponse: Answer }> {
  for await (const question of until(stopping, questions)) {
    yield { validHost: question.host, originalRequest: question, messageResponse: answerQuestion(index, question.messageRequest) }
  }
}

/** The items until `signal` is aborted. A client that only listens must not delay a drain. */
async function* until<T>(signal: AbortSignal, items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]()
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  const onAbort = (): void => resolve(undefined)
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      const next = await Promise.race([iterator.next(), aborted])
      if (next === undefined || next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
