import { wait } from '../../runtime/wait.ts'
import { callUntilAnswered } from '../client/call-until-answered.ts'
import type { CountAnswer, CountQuestion, PingClient } from '../client/ping-client.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts'
import { WatchReport } from './watch-report.ts'

/** Counts repeatedly until an interrupt; reports an unreachable server and waits for it. */
export async function pollCount(client: PingClient, question: CountQuestion, intervalMs: number, context: Context): Promise<ExitCode> {
  const { output, interrupt } = context
  const report = new WatchReport(output, question)
  while (!interrupt.asked.aborted) {
    const begin = performance.now()
    const answer = await look(client, question, context)
    if (answer) report.print(answer)
    await wait(Math.max(0, begin + intervalMs - performance.now()), interrupt.asked)
  }
  report.summarize()
  return interrupt.exitCode() ?? EXIT.ok
}

/** Undefined if there was no answer this time. Throws `CliError` if there will never be one. */
async function look(client: PingClient, question: CountQuestion, context: Context): Promise<CountAnswer | undefined> {
  try {
    return (await callUntilAnswered(call => client.count(question, call), context)).value
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === EXIT.refused) throw error
    if (error.exitCode === EXIT.unavailable) context.output.note(`${error.message}; retrying`)
    return undefined
  }
}
