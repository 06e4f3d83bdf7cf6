import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { UnavailableError } from '../errors.ts'

/**
 * What `watch` gives until the caller leaves, its deadline passes, or the server drains: `stopping`. Each of them ends the stream with its
 * own error.
 */
export async function* watchUntilEnded<T>(
  { signal }: Pick<HandlerContext, 'signal'>,
  stopping: AbortSignal,
  watch: (ended: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  yield* watch(AbortSignal.any([signal, stopping]))
  if (signal.aborted) throw ConnectError.from(signal.reason, Code.Canceled)
  throw new UnavailableError('the server is stopping; watch again')
}
