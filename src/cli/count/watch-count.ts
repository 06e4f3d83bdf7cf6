import { wait } from '../../runtime/wait.ts'
import { callUntilAnswered } from '../client/call-until-answered.ts'
import type { CountAnswer, CountQuestion, PingClient } from '../client/ping-client.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts'
import { formatDuration } from '../formats/duration.ts'
import { grouped } from '../output/output.ts'
import { countDocument, originText } from './count-report.ts'

interface Look {
  readonly answer: CountAnswer
  /** performance.now() at the answer. */
  readonly at: number
}

/** Counts repeatedly until an interrupt; reports an unreachable server and waits for it. */
export async function watchCount(client: PingClient, question: CountQuestion, intervalMs: number, context: Context): Promise<ExitCode> {
  const { output, interrupt } = context
  let first: Look | undefined
  let last: Look | undefined
  while (!interrupt.asked.aborted) {
    const begin = performance.now()
    const answer = await look(client, question, context)
    if (answer) {
      const now: Look = { answer, at: performance.now() }
      output.result({ time: Date.now(), ...countDocument(question, answer) }, lineText(now, last))
      first ??= now
      last = now
    }
    await wait(Math.max(0, begin + intervalMs - performance.now()), interrupt.asked)
  }
  if (first && last && last !== first) output.note(summaryText(first, last))
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

function lineText(now: Look, last: Look | undefined): string {
  const time = new Date().toISOString().slice(11, 19)
  const more = last ? `  ${change(now.answer.count - last.answer.count)}` : ''
  return `${time}  ${grouped(now.answer.count)}${more}${originText(now.answer)}`
}

function summaryText(first: Look, last: Look): string {
  const more = last.answer.count - first.answer.count
  const ms = last.at - first.at
  const perSecond = ms > 0 ? Math.round((Number(more) / ms) * 1_000) : 0
  const counts = `${grouped(first.answer.count)} → ${grouped(last.answer.count)}`
  return `watched for ${formatDuration(ms)}: ${counts}, ${change(more)}, ${grouped(perSecond)} per second`
}

function change(by: bigint): string {
  return by < 0n ? `−${grouped(-by)}` : `+${grouped(by)}`
}
