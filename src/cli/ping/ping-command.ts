import type { Command } from 'commander'
import type { Context, Wiring } from '../context.ts'
import type { ExitCode } from '../exit-codes.ts'
import { pingId } from '../formats/ping-id.ts'
import { rate } from '../formats/rate.ts'
import { pingTime } from '../formats/time.ts'
import { wholeNumber } from '../formats/whole-number.ts'
import { formatted } from '../options.ts'
import { showProgressBar } from '../output/progress-bar.ts'
import { conclude } from '../run/conclude.ts'
import { PingRun, type RunPlan } from '../run/ping-run.ts'
import { callSenders } from '../run/senders.ts'
import { reportOne, reportRun } from './ping-report.ts'

const MAX_PINGS = 1_000_000_000
const MAX_CONCURRENT = 4_096
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
Every ping gets a UUIDv7, unless --id gives another id. If an answer is lost, or the server is down or overloaded,
pingcli sends the same ping again with the same id until --timeout. So each ping is counted once.

Output: for one ping, its id and latency. For several, a summary with the rate and the latency percentiles; with --each,
the id of each acknowledged ping comes before it. With --json, one document per line: {"id","tries","latencyMs"} for one
ping, {"pings","acked","open","retries","elapsedMs","perSecond","latencyMs"} for several, {"id"} for --each. "open" lists
the ids that were sent but not acknowledged: send them again with --id. With --rate, "latencyMs" starts when a ping was
due, so it includes the time that the ping waited while the server stalled; "sentLatencyMs" starts at its first try.

Examples:
  pingcli ping
  pingcli ping --timestamp 2026-11-21T09:30:00Z
  pingcli ping --timestamp -5                         5 ms before 1970
  pingcli ping --id 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b
  pingcli ping -n 10000 --concurrency 64
  pingcli ping -n 600 --rate 10 --timeout 1m          one minute of load that survives a restart of the server`

export function addPingCommand(program: Command, { contextOf, end }: Wiring): void {
  program
    .command('ping')
    .summary('record pings')
    .description(
      'Records pings, and exits when the server has acknowledged all of them. An acknowledged ping is in the count, once, permanently.',
    )
    .addOption(formatted('-n, --number <count>', 'number of pings', wholeNumber(1, MAX_PINGS)).default(1))
    .addOption(
      formatted(
        '--rate <rate>',
        'maximum number of pings started per second, such as 100, 0.5/s or 30/m (default: as fast as the server answers)',
        rate,
      ),
    )
    .addOption(
      formatted(
        '--concurrency <calls>',
        `maximum number of concurrent calls (default: ${DEFAULT_CONCURRENT})`,
        wholeNumber(1, MAX_CONCURRENT),
      ),
    )
    .addOption(formatted('--id <uuid>', "the ping's id; an id is counted only once (default: a new UUIDv7)", pingId))
    .addOption(formatted('--timestamp <time>', "the ping's timestamp, ISO 8601 or ms (default: the server's clock)", pingTime))
    .option('--each', 'print the id of each ping when it is acknowledged')
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
  const hideProgress = showProgressBar(() => run.progress(), context.terminal)
  const result = await run.run()
  hideProgress()
  client.close()
  if (pings > 1) reportRun(pings, result, output)
  return conclude({ pings, timestampMs: plan.timestampMs }, result, context)
}
