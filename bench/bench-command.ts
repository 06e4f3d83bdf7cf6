import { Command, InvalidArgumentError, Option } from 'commander'
import { onPath } from '../local/launch/on-path.ts'
import { OPTIONAL, SECTIONS, type BenchOptions, type Section } from './bench.ts'
import { COMMITTED } from './report/kept-ratios.ts'
import { whole } from './table.ts'

/** The parsed command line. */
export interface BenchCommand {
  readonly options: BenchOptions
  readonly jsonPath: string | undefined
  /** The file with the ratios that this run is compared with. */
  readonly checkPath: string | undefined
  /** The file that this run's ratios are written to. */
  readonly keepPath: string | undefined
}

/** In about seven minutes, and two. */
const FULL = {
  seconds: 3,
  turns: 4,
  warmUpMs: 2_000,
  poolSizes: [8, 16, 32],
  countRows: 1_000_000,
  countConnections: [1, 64],
  processorEvents: 500_000,
  freshnessShare: 0.8,
  restMs: 10_000,
}
const QUICK = {
  seconds: 1,
  turns: 2,
  warmUpMs: 1_000,
  poolSizes: [16],
  countRows: 100_000,
  countConnections: [64],
  processorEvents: 100_000,
  freshnessShare: 0.2,
  restMs: 3_000,
}
const CONNECTIONS = [1, 16, 64, 256]
const QUICK_CONNECTIONS = [1, 64]
const MAX_SECONDS = 60
const MAX_CONNECTIONS = 1024
const MAX_ROWS = 100_000_000

interface RawOptions {
  readonly seconds?: number
  readonly connections?: readonly number[]
  readonly only?: readonly Section[]
  readonly kafka: boolean
  readonly nats?: string | true
  readonly pgmq?: string
  readonly rows?: number
  readonly json?: string
  readonly check?: string | true
  readonly keep?: string | true
  readonly profile?: string
  readonly other?: string
  readonly quick: boolean
}

/** Reads the command line. Prints the help or an error and exits, if that is all. */
export function readCommand(argv: readonly string[]): BenchCommand {
  const command = new Command('npm run bench --')
    .description(
      'Compares Ping with the ceilings of Node, Connect and Postgres and with the plain way, in one run. It starts its own Postgres, broker and cache, and needs only what npm installs.',
    )
    .addOption(new Option('--seconds <s>', `seconds for each figure (default: ${FULL.seconds})`).argParser(seconds))
    .addOption(
      new Option('--connections <list>', `numbers of connections, separated by commas (default: ${CONNECTIONS})`).argParser(connectionList),
    )
    .addOption(new Option('--only <list>', `sections to run, of ${SECTIONS}`).argParser(sectionList))
    .option('--kafka', "use Apache Kafka instead of Ping's own broker; needs Java 17", false)
    .option(
      '--nats [program]',
      'also run section f; needs nats-server on the path, or its path here: go install github.com/nats-io/nats-server/v2@latest',
    )
    .option('--pgmq <file>', 'also run section g; needs the file pgmq.sql, which the crate pgmq contains')
    .addOption(
      new Option('--rows <n>', `rows for the counts (default: ${whole(FULL.countRows)}); 10,000,000 take some minutes to create`).argParser(
        rowCount,
      ),
    )
    .option('--json <path>', 'write all figures to this file')
    .option('--check [path]', "compare this run's ratios with the committed ones, and exit with 1 if one fell by more than the noise")
    .option('--keep [path]', "write this run's ratios, to commit them")
    .option('--profile <folder>', "write CPU profiles of Ping's programs to this folder; this makes them slower")
    .option('--other <folder>', 'in section tracing, also measure the Ping in this folder, such as a worktree of an earlier commit')
    .option('--quick', 'fewer and shorter measurements; takes about two minutes', false)
    .addHelpText('after', HELP)
    .parse(argv)
  const raw = command.opts<RawOptions>()
  const natsServer = raw.nats === true ? onPath('nats-server') : raw.nats
  const only =
    raw.only ??
    SECTIONS.filter(
      section => !OPTIONAL.includes(section) || (section === 'f' && raw.nats !== undefined) || (section === 'g' && raw.pgmq !== undefined),
    )
  if (only.includes('f') && natsServer === undefined)
    command.error('error: section f needs --nats, with the program nats-server on the path or its path given')
  if (only.includes('g') && raw.pgmq === undefined) command.error('error: section g needs --pgmq <file>')
  const scale = raw.quick ? QUICK : FULL
  return {
    options: {
      ...scale,
      seconds: raw.seconds ?? scale.seconds,
      connections: raw.connections ?? (raw.quick ? QUICK_CONNECTIONS : CONNECTIONS),
      countRows: raw.rows ?? scale.countRows,
      only,
      broker: raw.kafka ? 'apache' : 'ours',
      natsServer,
      pgmqSql: raw.pgmq,
      profileDir: raw.profile,
      otherFolder: raw.other,
    },
    jsonPath: raw.json,
    checkPath: raw.check === true ? COMMITTED : raw.check,
    keepPath: raw.keep === true ? COMMITTED : raw.keep,
  }
}

const HELP = `
Sections:
  a          bare node:http
  b          a no-op handler called through Connect's adapter
  c          the plain way: one INSERT and one awaited Kafka send per request
  d          Ping
  e          one prepared INSERT per call, by a client of Postgres
  f          NATS JetStream with sync_interval always
  g          pgmq
  bulk       many rows per call: PingBatch and COPY
  start      npm start, and what it costs at rest
  count      PingCount
  processor  events per second from a full topic
  freshness  from a ping's answer until the count includes it
  tracing    pings without traces, with 1 % of them traced, and with all

Examples:
  npm run bench -- --json figures.json
  npm run bench -- --quick --only b,c,d --connections 64
  npm run bench -- --only tracing --seconds 20 --other ../ping-before`

function seconds(text: string): number {
  const value = Number(text)
  if (value >= 0.1 && value <= MAX_SECONDS) return value
  throw new InvalidArgumentError(`expected 0.1 to ${MAX_SECONDS}.`)
}

function rowCount(text: string): number {
  const value = Number(text.replaceAll(',', '').replaceAll('_', ''))
  if (Number.isInteger(value) && value >= 1_000 && value <= MAX_ROWS) return value
  throw new InvalidArgumentError(`expected an integer from 1,000 to ${whole(MAX_ROWS)}.`)
}

function connectionList(text: string): readonly number[] {
  const values = text.split(',').map(Number)
  if (values.every(value => Number.isInteger(value) && value >= 1 && value <= MAX_CONNECTIONS)) return values
  throw new InvalidArgumentError(`expected integers from 1 to ${MAX_CONNECTIONS}, separated by commas.`)
}

function sectionList(text: string): readonly Section[] {
  const words = text.split(',')
  const unknown = words.find(word => !SECTIONS.includes(word as Section))
  if (unknown === undefined) return words as Section[]
  throw new InvalidArgumentError(`got ${JSON.stringify(unknown)}, expected one of ${SECTIONS}.`)
}
