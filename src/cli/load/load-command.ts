import type { Command } from 'commander'
import type { PingClient } from '../client/ping-client.ts'
import type { Context, Wiring } from '../context.ts'
import type { ExitCode } from '../exit-codes.ts'
import { duration } from '../formats/duration.ts'
import { rate } from '../formats/rate.ts'
import { pingTime } from '../formats/time.ts'
import { wholeNumber } from '../formats/whole-number.ts'
import { formatted } from '../options.ts'
import { showProgressBar } from '../output/progress-bar.ts'
import { conclude } from '../run/conclude.ts'
import { PingRun, type RunPlan } from '../run/ping-run.ts'
import { callSenders, streamSender, type Sender } from '../run/senders.ts'
import { reportLoad } from './report-load.ts'

const MAX_PINGS = 1_000_000_000_000
/** The server accepts no more in one message. */
const MAX_BATCH = 10_000
const MAX_CONCURRENT = 4_096
const DEFAULT_CONCURRENT = 16
const DEFAULT_DURATION_MS = 10_000
/** Pings sent on one stream and not answered yet, where messages are small; else two messages. */
const OPEN_ON_STREAM = 1_000

interface LoadOptions {
  readonly count?: number
  readonly duration?: number
  readonly rate?: number
  readonly batch: number
  readonly stream?: true
  readonly concurrency?: number
  readonly timestamp?: bigint
}

const EXAMPLES = `
Every ping gets a UUIDv7. If an answer is lost, or the server is down or overloaded, pingcli sends the same pings again
with the same ids until --timeout. So each ping is counted once. Ctrl-C ends the load and prints the report.

Latency: the time until a ping is acknowledged. With --rate (open loop) it starts when the ping was due, so a stall of
the server shows in every ping that waited for it. Without --rate (closed loop) a stall keeps the callers from sending,
so it shows in few pings: the report estimates how many are missing (coordinated omission).

Output: a report with the rate and the latency percentiles. With --json, one document: {"pings","acked","open",
"retries","elapsedMs","perSecond","batch","stream","concurrency","loop","latencyMs","omitted"}. "loop" is "open" or
"closed". "latencyMs" is {"p50","p75","p90","p99","p999","p9999","max"}; with --rate, so is "sentLatencyMs", the latency
from the first try. "omitted" is the number of missing latencies: an estimate or, with --rate, the number of pings that
were due but not sent before the end because all callers were busy. "open" lists the ids that were sent but not
acknowledged: send them again with 'pingcli ping --id'.

Examples:
  pingcli load                                        Ping, 16 callers, 10 s
  pingcli load --batch 1000 --concurrency 4           PingBatch
  pingcli load --stream --batch 100 --duration 1m     PingStream, over HTTP/2
  pingcli load --rate 5000 --duration 30s             5000 pings per second, and their latencies
  pingcli load --count 1000000 --batch 10000 --json | jq .perSecond`

export function addLoadCommand(program: Command, { contextOf, end }: Wiring): void {
  program
    .command('load')
    .summary('record many pings, and measure rate and latency')
    .description(
      'Records pings as fast as the server acknowledges them, or at a given rate, and reports the rate and the latencies. An acknowledged ping is in the count, once, permanently.',
    )
    .addOption(formatted('-n, --count <pings>', 'number of pings', wholeNumber(1, MAX_PINGS)))
    .addOption(formatted('--duration <duration>', 'how long to start new pings (default: 10s, or until --count is reached)', duration(1)))
    .addOption(
      formatted(
        '--rate <rate>',
        'maximum number of pings started per second, such as 100, 0.5/s or 30/m (default: as fast as the server answers)',
        rate,
      ),
    )
    .addOption(formatted('--batch <pings>', 'pings per call: 1 uses Ping, more use PingBatch', wholeNumber(1, MAX_BATCH)).default(1))
    .option('--stream', 'send the pings over PingStream (HTTP/2); --batch is then the number of pings per message')
    .addOption(
      formatted(
        '--concurrency <calls>',
        `maximum number of concurrent calls, or of streams (default: ${DEFAULT_CONCURRENT})`,
        wholeNumber(1, MAX_CONCURRENT),
      ),
    )
    .addOption(formatted('--timestamp <time>', "the pings' timestamp, ISO 8601 or ms (default: the server's clock)", pingTime))
    .addHelpText('after', EXAMPLES)
    .action(async (options: LoadOptions, command: Command) => {
      const fault = rateFault(options)
      if (fault !== undefined) command.error(fault)
      end(await load(options, contextOf(command)))
    })
}

/** A batch is due when its last ping is due: at a low rate, that may be after the end. */
function rateFault({
  rate: perSecond,
  batch,
  count = Infinity,
  duration: durationMs = count === Infinity ? DEFAULT_DURATION_MS : Infinity,
}: LoadOptions): string | undefined {
  const first = Math.min(batch, count)
  if (perSecond === undefined || ((first - 1) / perSecond) * 1_000 < durationMs) return undefined
  const seconds = Math.ceil((first - 1) / perSecond)
  return `error: option '--rate <rate>': at this rate the first ${first} pings are due after ${seconds} s, and nothing would be sent before the end. Expected a higher rate, a smaller --batch or a longer --duration.`
}

async function load(options: LoadOptions, context: Context): Promise<ExitCode> {
  const { output, interrupt, timeoutMs } = context
  const plan: RunPlan = {
    pings: options.count,
    durationMs: options.duration ?? (options.count === undefined ? DEFAULT_DURATION_MS : undefined),
    batch: options.batch,
    timestampMs: options.timestamp,
    perSecond: options.rate,
    timeoutMs,
  }
  const shape = { stream: options.stream === true, concurrency: options.concurrency ?? DEFAULT_CONCURRENT }
  const client = context.createClient({ http2: shape.stream })
  const senders = sendersOf(client, plan, shape)
  const run = new PingRun(plan, { senders, interrupt })
  const hideProgress = showProgressBar(() => run.progress(), context.terminal)
  const result = await run.run()
  hideProgress()
  for (const sender of senders) sender.close()
  client.close()
  reportLoad(plan, shape, result, output)
  return conclude({ pings: result.started, timestampMs: plan.timestampMs, isWhole: interrupt.exitCode() === undefined }, result, context)
}

/** One for each caller. A stream has several callers, so that messages are on their way while others are answered. */
function sendersOf(
  client: PingClient,
  { batch }: RunPlan,
  { stream, concurrency }: { readonly stream: boolean; readonly concurrency: number },
): readonly Sender[] {
  if (!stream) return callSenders(client, concurrency, { byPing: batch === 1 })
  const messagesAtOnce = Math.max(2, Math.ceil(OPEN_ON_STREAM / batch))
  return Array.from({ length: concurrency }, () => streamSender(client)).flatMap(sender =>
    Array.from({ length: messagesAtOnce }, () => sender),
  )
}
