import { Code, ConnectError } from '@connectrpc/connect'
import { Backoff } from '../../runtime/retry.ts'
import { wait } from '../../runtime/wait.ts'
import { describeFailure, isFinal, retryAfterMs } from '../client/failures.ts'
import type { CountAnswer, PingClient } from '../client/ping-client.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts'
import { formatDuration } from '../formats/duration.ts'
import { WatchReport } from './watch-report.ts'

/** The server sends a total at least every 30 s. After this long without one, the connection is dead, in ms. */
const SILENT_MS = 75_000
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 2_000

const ALL_PINGS = { range: undefined, strong: false }

/** Prints each new total until an interrupt. Watches again whenever the stream ends, and says so. */
export async function watchTotal(client: PingClient, context: Context, silentMs = SILENT_MS): Promise<ExitCode> {
  const { output, interrupt } = context
  const report = new WatchReport(output, ALL_PINGS)
  const backoff = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS)
  let failure: string | undefined
  while (!interrupt.asked.aborted) {
    try {
      for await (const answer of totals(client, context, silentMs)) {
        if (failure !== undefined) output.note('connected again')
        failure = undefined
        backoff.reset()
        if (answer.count !== report.last) report.print(answer)
      }
    } catch (caught) {
      if (interrupt.asked.aborted) break
      const error = ConnectError.from(caught)
      const found = describeFailure(error)
      if (isFinal(error)) throw new CliError(EXIT.refused, `refused: ${found}`, { cause: error })
      if (found !== failure) output.note(`${found}; retrying`)
      failure = found
      await wait(retryAfterMs(error) ?? backoff.next(), interrupt.asked)
    }
  }
  report.summarize()
  return interrupt.exitCode() ?? EXIT.ok
}

/** The totals of one stream. Always ends with an error: also if the server ends it or becomes silent. */
async function* totals(client: PingClient, { timeoutMs, interrupt }: Context, silentMs: number): AsyncGenerator<CountAnswer> {
  const silent = new AbortController()
  const within = (ms: number): NodeJS.Timeout =>
    setTimeout(() => silent.abort(new ConnectError(`got no total for ${formatDuration(ms)}`, Code.DeadlineExceeded)), ms)
  let timer = within(timeoutMs)
  try {
    for await (const answer of client.watch({ signal: AbortSignal.any([interrupt.asked, silent.signal]) })) {
      clearTimeout(timer)
      yield answer
      timer = within(silentMs)
    }
    throw new ConnectError('the server ended the stream', Code.Unavailable)
  } catch (error) {
    throw silent.signal.aborted ? silent.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}
