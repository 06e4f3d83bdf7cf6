import type { Command } from 'commander'
import type { Context, Wiring } from '../context.ts'
import { wholeNumber } from '../formats/whole-number.ts'
import { formatted } from '../options.ts'
import { acks, addressees, seconds, topicName } from './option-formats.ts'
import type { RttPlan } from './plan.ts'
import type { Addressees } from './probe.ts'
import { rttSettings } from './rtt-settings.ts'
import { runRtt } from './run-rtt.ts'

const MAX_PROBES = 1_000_000_000_000
const MAX_BYTES = 10_000_000
const MAX_PARTITION = 999_999
const MAX_IN_FLIGHT = 4_096
const DEFAULT_IN_FLIGHT = 64
const [DEFAULT_INTERVAL_MS, DEFAULT_WAIT_MS, DEFAULT_BYTES] = [1_000, 10_000, 64]

interface RttOptions {
  readonly count?: number
  readonly interval?: number
  readonly wait: number
  readonly size: number
  readonly pong?: true
  readonly to?: Addressees
  readonly partition?: number
  readonly allPartitions?: true
  readonly acks: RttPlan['acks']
  readonly flood?: number | true
  readonly topic?: string
  readonly replyTopic?: string
}

const EXAMPLES = `
Writes probes to a topic and measures, in ms: ack, the acknowledgement by Kafka; echo, the own record read back; with
--pong, the reply of a pong server ('npm run pong'). Without --pong it needs no server and works on any cluster:
KAFKA_BROKERS names it; KAFKA_TLS, KAFKA_CA_FILE, KAFKA_SASL_MECHANISM, KAFKA_USERNAME … say how to connect. The topic is
created if it is missing. No consumer group is used, and nothing but the probes stays on the broker. Of the options of
every command, only --json and --timeout are used: how long to try to reach Kafka before the first probe.

Latency: counts from when a probe was due, by one monotonic clock, so a stall shows in every probe that it delays. The
server sends how long it held the ping (a duration): "pong - server" is the road alone. With --flood (closed loop) a
probe is due when an earlier one is over, so a stall shows in few probes.

Marks: "late" came after -W. "lost" did not come within -W; it may still become late. "refused": Kafka did not write it.
"again" is a duplicate of the record or of the reply. "out of order" came after a probe that was sent later to the same
partition. A ping without reply is sent once more with the same correlation id: the reply says whether a pong was sent
before (sent, but not received) or not (not answered).

Output: a line for each probe (with --flood, only for those with a fault), and a summary at the end and on Ctrl-C; a
second Ctrl-C ends at once. With --json, one object a line, with "event": start, probe, answer, duplicate, again, leader,
trouble, recovered, forgotten, unexpected, summary. Times ("ackMs", "echoMs", "pongMs", "serverMs") are in ms with µs.

Exit codes: 0 all probes were answered (without --pong: read back) within -W; 1 none, or Kafka is unreachable; 2 wrong
options; 3 some were lost, late or refused, or had no answer a second after Ctrl-C.

Examples:
  pingcli rtt                                         until Ctrl-C, once a second, the partitions in turn
  pingcli rtt -c 60 --all-partitions                  60 rounds, each with a probe to every partition, so to every leader
  pingcli rtt --topic orders --acks 1 -s 1000         on a topic of your own: its readers see the probes
  pingcli rtt --pong -c 10                            with a server
  pingcli rtt --pong --to all -c 1 -W 2               which servers answer?
  pingcli rtt --pong --flood -c 100000 --json | tail -n 1 | jq .latencyMs.pong
  KAFKA_BROKERS=kafka:9093 KAFKA_TLS=true pingcli rtt -c 10 -i 0.1 || echo "not all came back in time"`

export function addRttCommand(program: Command, { contextOf, end }: Wiring): void {
  program
    .command('rtt')
    .summary('measure round trips over Kafka')
    .description('Measures round trips over Kafka: the ack of a record, the record read back, and the reply of a server.')
    .addOption(
      formatted(
        '-c, --count <probes>',
        'number of probes; with --all-partitions, of rounds (default: until Ctrl-C)',
        wholeNumber(1, MAX_PROBES),
      ),
    )
    .addOption(formatted('-i, --interval <seconds>', 'time between probes (default: 1)', seconds(0.001, 86_400)))
    .addOption(
      formatted('-W, --wait <seconds>', 'how long to wait for a probe after it was sent', seconds(0.001, 86_400)).default(
        DEFAULT_WAIT_MS,
        '10',
      ),
    )
    .addOption(formatted('-s, --size <bytes>', 'padding of each probe', wholeNumber(0, MAX_BYTES)).default(DEFAULT_BYTES))
    .option('--pong', 'measure the reply of a pong server also')
    .addOption(
      formatted(
        '--to <servers>',
        'which servers reply: one (any one of them), all, or names separated by commas; needs --pong',
        addressees,
      ),
    )
    .addOption(
      formatted('--partition <number>', 'send all probes to this partition (default: to each in turn)', wholeNumber(0, MAX_PARTITION)),
    )
    .option('--all-partitions', 'send a probe to every partition each time')
    .addOption(formatted('--acks <acks>', 'acks that Kafka waits for: 0, 1 or all', acks).default(-1, 'all'))
    .addOption(
      formatted(
        '--flood [probes]',
        `closed loop with this many probes in flight (default: ${DEFAULT_IN_FLIGHT})`,
        wholeNumber(1, MAX_IN_FLIGHT),
      ),
    )
    .addOption(formatted('--topic <name>', 'topic of the probes (default: PONG_REQUEST_TOPIC, else ping)', topicName))
    .addOption(formatted('--reply-topic <name>', 'topic of the replies (default: PONG_REPLY_TOPIC, else pong)', topicName))
    .addHelpText('after', EXAMPLES)
    .action(async (options: RttOptions, command: Command) => {
      const fault = contradiction(options)
      if (fault !== undefined) command.error(`error: ${fault}`)
      const context = contextOf(command)
      end(await runRtt(planOf(options, context), context))
    })
}

/** Options that cannot go together; undefined if all can. */
function contradiction({ pong, to, partition, allPartitions, flood, interval, replyTopic }: RttOptions): string | undefined {
  if (to !== undefined && !pong) return "option '--to <servers>': got it without --pong, expected both or neither."
  if (replyTopic !== undefined && !pong) return "option '--reply-topic <name>': got it without --pong, expected both or neither."
  if (partition !== undefined && allPartitions) return "option '--partition <number>': got --all-partitions with it, expected one of them."
  if (interval !== undefined && flood !== undefined) return "option '-i, --interval <seconds>': got --flood with it, expected one of them."
  return undefined
}

function planOf(options: RttOptions, { settings }: Context): RttPlan {
  const { requestTopic, replyTopic } = settings(rttSettings)
  return {
    count: options.count,
    intervalMs: options.interval ?? DEFAULT_INTERVAL_MS,
    waitMs: options.wait,
    bytes: options.size,
    to: options.pong ? (options.to ?? 'one') : undefined,
    partitions: options.allPartitions ? 'all' : (options.partition ?? 'turns'),
    acks: options.acks,
    flood: options.flood === true ? DEFAULT_IN_FLIGHT : options.flood,
    topic: options.topic ?? requestTopic,
    replyTopic: options.replyTopic ?? replyTopic,
  }
}
