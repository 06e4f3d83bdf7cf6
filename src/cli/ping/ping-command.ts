import type { Command } from 'commander'
import type { Context, Wiring } from '../context.ts'
import type { ExitCode } from '../exit-codes.ts'
import { pingId } from '../formats/ping-id.ts'
import { rate } from '../formats/rate.ts'
import { pingTime } from '../formats/time.ts'
import { wholeNumber } from '../formats/whole-number.ts'
import { formatted } from '../options.ts'
import { showProgress } from '../output/progress-bar.ts'
import { conclude } from '../run/conclude.ts'
import { PingRun, type RunPlan } from '../run/ping-run.ts'
import { callSenders } from '../run/senders.ts'
import { reportOne, reportRun } from './ping-report.ts'

const MOST_PINGS = 1_000_000_000
const MOST_CONCURRENT = 4_096
const DEFAULT_CONCURRENT = 16

interface PingOptions {
  readonly number: number
  readonly rate?: number
  readonly concurrency?: number
  readonly id?: string
  readonly timestamp?: bigint
  readonly each?: true
}

const EXAMPLES = `
Every ping gets a UUIDv7 (or --id). Where an answer is lost or the server is away or full, the same ping is sent
again with the same id until --timeout, so it is counted once.

Output: one ping: its id and latency; more: a summary with rate and latency percentiles; --each: a line for each
acknowledged ping before it. With --json one document a line: {"id","tries","latencyMs"} for one ping,
{"pings","acked","open","retries","elapsedMs","perSecond","latencyMs"} for more ("open": ids that were sent and not
acknowledged: send them again with --id), {"id"} for --each. With --rate "latencyMs" counts from when a ping was due,
so that a stall of the server shows in the pings that waited for it, and "sentLatencyMs" from its first try.

Examples:
  pingcli ping
  pingcli ping --timestamp 2026-11-21T09:30:00Z
  pingcli ping --timestamp -5                         5 ms before 1970
  pingcli ping --id 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b
  pingcli ping -n 10000 --concurrency 64
  pingcli ping -n 600 --rate 10 --timeout 1m          a minute of load that outlasts a restart of the server`

export function addPingCommand(program: Command, { contextOf, end }: Wiring): void {
  program
    .command('ping')
    .summary('record pings')
    .description('Records pings. Ends when each is acknowledged: it is then in the count, once, for ever.')
    .addOption(formatted('-n, --number <count>', 'how many pings', wholeNumber(1, MOST_PINGS)).default(1))
    .addOption(
      formatted('--rate <rate>', 'pings started per second at most, such as 100, 0.5/s or 30/m (default: as fast as answers come)', rate),
    )
    .addOption(
      formatted(
        '--concurrency <calls>',
        `calls under way at once at most (default: ${DEFAULT_CONCURRENT})`,
        wholeNumber(1, MOST_CONCURRENT),
      ),
    )
    .addOption(formatted('--id <uuid>', "the ping's id; the same id is counted once (default: a new UUIDv7)", pingId))
    .addOption(formatted('--timestamp <time>', "the ping's own time, ISO 8601 or ms (default: the server's clock)", pingTime))
    .option('--each', 'print the id of each ping as it is acknowledged')
    .addHelpText('after', EXAMPLES)
    .action(async (options: PingOptions, command: Command) => {
      if (options.id !== undefined && options.number !== 1) {
        command.error(`error: option '--id <uuid>' names one ping. Got -n ${options.number} with it, expected -n 1.`)
      }
      end(await ping(options, contextOf(command)))
    })
}

async function ping(options: PingOptions, context: Context): Promise<ExitCode> {
  const { output, interrupt, timeoutMs } = context
  const { number: pings, concurrency = DEFAULT_CONCURRENT } = options
  const plan: RunPlan = {
    pings,
    batch: 1,
    id: options.id,
    timestampMs: options.timestamp,
    perSecond: options.rate,
    timeoutMs,
  }
  const client = context.createClient()
  const run = new PingRun(plan, {
    senders: callSenders(client, Math.min(concurrency, pings)),
    interrupt,
    onAck: ack => {
      if (pings === 1) reportOne(ack, output)
      else if (options.each) output.result({ id: ack.id }, ack.id)
    },
  })
  const hideProgress = showProgress(() => run.progress(), context.terminal)
  const result = await run.run()
  hideProgress()
  client.close()
  if (pings > 1) reportRun(pings, result, output)
  return conclude({ pings, timestampMs: plan.timestampMs }, result, context)
}
