import { Option, type Command } from 'commander'
import { callUntilAnswered } from '../client/call-until-answered.ts'
import { BUCKET_UNITS, type BucketsQuestion, type Unit } from '../client/ping-client.ts'
import type { Context, Wiring } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { timeZone } from '../formats/time-zone.ts'
import { boundTime } from '../formats/time.ts'
import { formatted } from '../options.ts'
import { bucketRange } from './bucket-range.ts'
import { bucketDocuments, bucketsSummary, bucketsTable, type Screen } from './buckets-report.ts'

/** Of a pipe, or of a terminal that does not say. */
const DEFAULT_COLUMNS = 80

interface BucketsOptions {
  readonly unit: Unit
  readonly zone: string
  readonly from?: bigint
  readonly to?: bigint
  readonly strong?: true
}

const EXAMPLES = `
A range is [from, to) of the pings' timestamps, with at most 10 080 buckets. Without --to it ends with the minute, hour, day, week or month
that it is now. Without --from it has 60 minutes, 24 hours, 30 days, 12 weeks or 12 months. Weeks start on Monday.

Output: a line for each bucket, with the local time of the zone at which it starts; if clocks are set back and show that time twice,
with the offset from UTC, too. The first bucket may start before --from and the last may end after --to: only pings in the range are
counted. The last two lines are the range, and the sum with its source. With --json: {"start","time","count","source","ageMs"} for each bucket; "start" in
ms, "time" the same as ISO 8601 with the zone's offset. "source" and "ageMs" are as in 'pingcli count'.

Examples:
  pingcli buckets
  pingcli buckets --unit day --zone Europe/Berlin
  pingcli buckets --unit minute --from 2026-11-21T09:00Z --to 2026-11-21T10:00Z
  pingcli buckets --unit month --from 2026-01-01 --json | jq -r '[.time, .count] | @csv'`

export function addBucketsCommand(program: Command, { contextOf, end }: Wiring): void {
  program
    .command('buckets')
    .summary('count the pings of each minute, hour, day, week or month')
    .description('Counts the pings of each minute, hour, day, week or month of a time range, by the calendar of a time zone.')
    .addOption(new Option('--unit <unit>', 'unit of the buckets').choices(Object.keys(BUCKET_UNITS)).default('hour'))
    .addOption(formatted('--zone <name>', 'time zone, by its IANA name', timeZone).default('UTC'))
    .addOption(formatted('--from <time>', 'start of the range (inclusive), ISO 8601 or ms', boundTime))
    .addOption(formatted('--to <time>', 'end of the range (exclusive), ISO 8601 or ms', boundTime))
    .option('--strong', 'read the exact counts from Postgres (default: from the cache, if it is at most 2 s old)')
    .addHelpText('after', EXAMPLES)
    .action(async ({ unit, zone, from, to, strong }: BucketsOptions, command: Command) => {
      const range = bucketRange({ unit, zone, from, to }, Date.now())
      if (range.start > range.end) {
        const got = to === undefined ? `--from ${from}, and the range ends at ${range.end}` : `--from ${from} and --to ${to}`
        command.error(`error: the range ends before it begins. Got ${got} (ms), expected --from not after --to.`)
      }
      end(await listBuckets({ unit, zone, range, strong: strong === true }, contextOf(command)))
    })
}

async function listBuckets(question: BucketsQuestion, context: Context): Promise<ExitCode> {
  const { output } = context
  const client = context.createClient()
  try {
    const { value } = await callUntilAnswered(call => client.buckets(question, call), context)
    if (output.json) {
      for (const document of bucketDocuments(question, value)) output.result(document, '')
    } else {
      output.result({}, `${bucketsTable(question, value, screenOf(context))}\n${bucketsSummary(question, value)}`)
    }
    return EXIT.ok
  } finally {
    client.close()
  }
}

function screenOf({ terminal: { unicode, redraws, escapes } }: Context): Screen {
  const { isTTY, columns } = process.stdout
  // What a dumb terminal shows of block characters is not known.
  return { unicode: unicode && redraws, escapes: escapes && isTTY === true, columns: columns || DEFAULT_COLUMNS }
}
