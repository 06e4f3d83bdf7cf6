import type { Command } from 'commander'
import type { PingClient } from '../client/ping-client.ts'
import type { Context, Wiring } from '../context.ts'
import type { ExitCode } from '../exit-codes.ts'
import { duration } from '../formats/duration.ts'
import { rate } from '../formats/rate.ts'
import { pingTime } from '../formats/time.ts'
import { wholeNumber } from '../formats/whole-number.ts'
import { formatted } from '../options.ts'
import { showProgress } from '../output/progress-bar.ts'
import { conclude } from '../run/conclude.ts'
import { PingRun, type RunPlan } from '../run/ping-run.ts'
import { callSenders, streamSender, type Sender } from '../run/senders.ts'
import { reportLoad } from './load-report.ts'

const MOST_PINGS = 1_000_000_000_000
/** As the server takes in one message. */
const MOST_A_CALL = 10_000
const MOST_CONCURRENT = 4_096
const DEFAULT_CONCURRENT = 16
const DEFAULT_DURATION_MS = 10_000
/** Pings open on one stream where messages are small; else two messages. */
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
Every ping gets a UUIDv7. Where an answer is lost or the server is down or full, the same pings are sent again with the
same ids until --timeout, so each is counted once. Ctrl-C ends the load with its report.

Latency: of each ping until its acknowledgement. With --rate (open loop) it counts from when the ping was due, so that a
stall of the server shows in all pings that waited for it. Without (closed loop) a stall keeps callers from sending, and
few pings show it: the report says about how many are missing (coordinated omission).

Output: a report with the rate and the percentiles of the latency. With --json one document: {"pings","acked","open",
"retries","elapsedMs","perSecond","batch","stream","concurrency","loop","latencyMs","omitted"}, "loop" being "open" or
"closed", with {"p50","p75","p90","p99","p999","p9999","max"} as "latencyMs"; with --rate "sentLatencyMs", from the first
try. "omitted" is how many latencies are missing: about, or with --rate those of pings that were due and not sent before
the end, all callers being busy. "open" has the ids that were sent and not acknowledged: send them again with
'pingcli ping --id'.

Examples:
  pingcli load                                        Ping, 16 callers, 10 s
  pingcli load --batch 1000 --concurrency 4           PingBatch
  pingcli load --stream --batch 100 --duration 1m     PingStream, over HTTP/2
  pingcli load --rate 5000 --duration 30s             5 000 pings per second, and how long they take
  pingcli load --count 1000000 --batch 10000 --json | jq .perSecond`

export function addLoadCommand(program: Command, { contextOf, end }: Wiring): void {
  program
    .command('load')
    .summary('record many pings, and measure')
    .description(
      'Records pings as fast as they are acknowledged, or at a rate, and reports rate and latencies. Each is in the count, once, for ever.',
    )
    .addOption(formatted('-n, --count <pings>', 'how many pings', wholeNumber(1, MOST_PINGS)))
    .addOption(formatted('--duration <duration>', 'for how long new pings are started (default: 10s, or until --count)', duration(1)))
    .addOption(
      formatted('--rate <rate>', 'pings started per second at most, such as 100, 0.5/s or 30/m (default: as fast as answers come)', rate),
    )
    .addOption(formatted('--batch <pings>', 'pings of a call; 1 calls Ping, more call PingBatch', wholeNumber(1, MOST_A_CALL)).default(1))
    .option('--stream', 'send them by PingStream, over HTTP/2; --batch is then the pings of a message')
    .addOption(
      formatted(
        '--concurrency <calls>',
        `calls under way at once at most, or streams (default: ${DEFAULT_CONCURRENT})`,
        wholeNumber(1, MOST_CONCURRENT),
      ),
    )
    .addOption(formatted('--timestamp <time>', "the pings' own time, ISO 8601 or ms (default: the server's clock)", pingTime))
    .addHelpText('after', EXAMPLES)
    .action(async (options: LoadOptions, command: Command) => {
      const fault = rateFault(options)
      if (fault !== undefined) command.error(fault)
      end(await load(options, contextOf(command)))
    })
}

/** A batch is due when its last ping is: with a low rate no batch at all may be. */
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
  const hideProgress = showProgress(() => run.progress(), context.terminal)
  const result = await run.run()
  hideProgress()
  for (const sender of senders) sender.close()
  client.close()
  reportLoad(plan, shape, result, output)
  return conclude({ pings: result.started, timestampMs: plan.timestampMs, isWhole: interrupt.exitCode() === undefined }, result, context)
}

/** One for each caller. A stream has several callers, so that messages are under way while others are answered. */
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
