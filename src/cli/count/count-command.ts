import type { Command } from 'commander'
import { callUntilAnswered } from '../client/call-until-answered.ts'
import type { CountQuestion, PingClient } from '../client/ping-client.ts'
import type { Context, Wiring } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { duration } from '../formats/duration.ts'
import { boundTime, timeRange } from '../formats/time.ts'
import { formatted } from '../options.ts'
import { countDocument, originText } from './count-report.ts'
import { pollCount } from './poll-count.ts'
import { watchTotal } from './watch-total.ts'

const MIN_INTERVAL_MS = 50
/** Between two counts of what the server does not watch: a range, or an exact count. */
const DEFAULT_INTERVAL_MS = 1_000

interface CountOptions {
  readonly from?: bigint
  readonly to?: bigint
  readonly strong?: true
  readonly watch?: true
  readonly interval?: number
}

const EXAMPLES = `
A range is [from, to) of the pings' timestamps. If only one bound is given, the range is open on the other side.

Output: the count and its source. With --json: {"count","source","ageMs","from","to"}. "source" (cache or database) and
"ageMs" are null if the server does not report them; "from" and "to" (ms) are null without a range. With --watch, one
line per count, which with --json also has "time" (ms); at the end, after two counts or more, a summary on standard error.
The total comes from WatchCount: the server sends it when it has changed, at most four times a second. A range, --strong and
--interval ask for a count again and again. When the server is unreachable, --watch says so on standard error and reconnects.

Examples:
  pingcli count
  pingcli count --strong                              exact now, from Postgres
  pingcli count --from 2026-11-21 --to 2026-11-22     one day, UTC
  pingcli count --from 2026-11-21T00:00+01:00         everything since then
  pingcli count --to 0                                before 1970
  pingcli count --watch                               each new total
  pingcli count --watch --json | jq .count
  pingcli count --watch --strong --interval 500ms`

export function addCountCommand(program: Command, { contextOf, end }: Wiring): void {
  const interval = duration(MIN_INTERVAL_MS)
  program
    .command('count')
    .summary('count all pings, or those in a time range')
    .description('Counts all pings, or those whose timestamp is in a range.')
    .addOption(formatted('--from <time>', 'start of the range (inclusive), ISO 8601 or ms', boundTime))
    .addOption(formatted('--to <time>', 'end of the range (exclusive), ISO 8601 or ms', boundTime))
    .option('--strong', 'read the exact count from Postgres (default: from the cache, if it is at most 2 s old)')
    .option('--watch', 'print each new total until Ctrl-C; with a range or --strong, count repeatedly')
    .addOption(
      formatted(
        '--interval <duration>',
        'with --watch, count again after this long (default: 1s, or for the total as the server reports it)',
        interval,
      ),
    )
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
    if (options.watch) return await watch(client, question, options.interval, context)
    return await countOnce(client, question, context)
  } finally {
    client.close()
  }
}

/** The server watches only the total, and decides itself how often. */
function watch(client: PingClient, question: CountQuestion, intervalMs: number | undefined, context: Context): Promise<ExitCode> {
  const isAsked = question.range !== undefined || question.strong || intervalMs !== undefined
  return isAsked ? pollCount(client, question, intervalMs ?? DEFAULT_INTERVAL_MS, context) : watchTotal(client, context)
}

async function countOnce(client: PingClient, question: CountQuestion, context: Context): Promise<ExitCode> {
  const { value } = await callUntilAnswered(call => client.count(question, call), context)
  context.output.result(countDocument(question, value), `${value.count}${originText(value)}`)
  return EXIT.ok
}
