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

const MIN_INTERVAL_MS = 50

interface CountOptions {
  readonly from?: bigint
  readonly to?: bigint
  readonly strong?: true
  readonly watch?: true
  readonly interval: number
}

const EXAMPLES = `
A range is [from, to) of the pings' timestamps. If only one bound is given, the range is open on the other side.

Output: the count and its source. With --json: {"count","source","ageMs","from","to"}. "source" (cache or database) and
"ageMs" are null if the server does not report them; "from" and "to" (ms) are null without a range. With --watch, one
line per count, which with --json also has "time" (ms); at the end, after two counts or more, a summary on standard error.

Examples:
  pingcli count
  pingcli count --strong                              exact now, from Postgres
  pingcli count --from 2026-11-21 --to 2026-11-22     one day, UTC
  pingcli count --from 2026-11-21T00:00+01:00         everything since then
  pingcli count --to 0                                before 1970
  pingcli count --watch --interval 500ms`

export function addCountCommand(program: Command, { contextOf, end }: Wiring): void {
  const interval = duration(MIN_INTERVAL_MS)
  program
    .command('count')
    .summary('count all pings, or those in a time range')
    .description('Counts all pings, or those whose timestamp is in a range.')
    .addOption(formatted('--from <time>', 'start of the range (inclusive), ISO 8601 or ms', boundTime))
    .addOption(formatted('--to <time>', 'end of the range (exclusive), ISO 8601 or ms', boundTime))
    .option('--strong', 'read the exact count from Postgres (default: from the cache, if it is at most 2 s old)')
    .option('--watch', 'count repeatedly until Ctrl-C')
    .addOption(formatted('--interval <duration>', 'time between two counts of --watch', interval).default(1_000, '1s'))
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
