import type { Command } from 'commander'
import { callUntilAnswered } from '../client/call-until-answered.ts'
import type { CountQuestion, PingClient } from '../client/ping-client.ts'
import type { Context, Wiring } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { duration } from '../formats/duration.ts'
import { boundTime, timeRange } from '../formats/time.ts'
import { formatted } from '../options.ts'
import { countDocument, originText } from './count-report.ts'
import { watchCount } from './watch-count.ts'

const SHORTEST_INTERVAL_MS = 50

interface CountOptions {
  readonly from?: bigint
  readonly to?: bigint
  readonly strong?: true
  readonly watch?: true
  readonly interval: number
}

const EXAMPLES = `
A range is [from, to) of the pings' own times; with one bound it is open at the other side.

Output: the count and where it came from. With --json {"count","source","ageMs","from","to"}; "source" (cache or
database) and "ageMs" are null if the server does not tell them, "from" and "to" (ms) where there is no range.
--watch: a line for each look, with --json and "time" (ms) in it, and, after two looks or more, a
summary on standard error at the end.

Examples:
  pingcli count
  pingcli count --strong                              exact now, from Postgres
  pingcli count --from 2026-11-21 --to 2026-11-22     one day, UTC
  pingcli count --from 2026-11-21T00:00+01:00         all since then
  pingcli count --to 0                                before 1970
  pingcli count --watch --interval 500ms`

export function addCountCommand(program: Command, { contextOf, end }: Wiring): void {
  const interval = duration(SHORTEST_INTERVAL_MS)
  program
    .command('count')
    .summary('count pings, in all or in a range of time')
    .description('Counts pings: all, or those whose own time is in a range.')
    .addOption(formatted('--from <time>', 'first moment of the range, ISO 8601 or ms', boundTime))
    .addOption(formatted('--to <time>', 'first moment after the range, ISO 8601 or ms', boundTime))
    .option('--strong', 'exact now, from Postgres (default: from the cache where it is not older than 2 s)')
    .option('--watch', 'count again and again until Ctrl-C')
    .addOption(formatted('--interval <duration>', 'pause between two looks of --watch', interval).default(1_000, '1s'))
    .addHelpText('after', EXAMPLES)
    .action(async (options: CountOptions, command: Command) => {
      const { from, to } = options
      if (from !== undefined && to !== undefined && from > to) {
        command.error(`error: the range ends before it begins. Got --from ${from} and --to ${to} (ms), expected --from not after --to.`)
      }
      end(await count(options, contextOf(command)))
    })
}

async function count(options: CountOptions, context: Context): Promise<ExitCode> {
  const { from, to } = options
  const range = from === undefined && to === undefined ? undefined : timeRange(from, to)
  const question: CountQuestion = { range, strong: options.strong === true }
  const client = context.createClient()
  try {
    if (options.watch) return await watchCount(client, question, options.interval, context)
    return await countOnce(client, question, context)
  } finally {
    client.close()
  }
}

async function countOnce(client: PingClient, question: CountQuestion, context: Context): Promise<ExitCode> {
  const { value } = await callUntilAnswered(call => client.count(question, call), context)
  context.output.result(countDocument(question, value), `${value.count}${originText(value)}`)
  return EXIT.ok
}
