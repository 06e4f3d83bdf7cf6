import { Command, Option } from 'commander'
import { CONTENDERS, type Contender } from '../parts/brokers.ts'
import { FULL, QUICK, type Scale } from './scale.ts'

/** The parsed command line. */
export interface PongBenchCommand {
  readonly scale: Scale
  readonly broker: Contender
  readonly jsonPath: string | undefined
  /** As it was typed. */
  readonly text: string
}

interface RawOptions {
  readonly quick: boolean
  readonly broker: Contender
  readonly json?: string
}

const NAME = 'npm run bench:pong --'

/** Reads the command line. Prints the help or an error and exits, if that is all. */
export function readCommand(argv: readonly string[]): PongBenchCommand {
  const { quick, broker, json } = new Command(NAME)
    .description(
      'Measures round trips through one pong server, by pingcli rtt, against bare kafkajs in one run. It starts everything itself.',
    )
    .addOption(new Option('--broker <kind>', "Ping's own broker, or Apache Kafka").choices(CONTENDERS).default('ours'))
    .option('--json <path>', 'write all figures to this file')
    .option('--quick', 'fewer round trips; takes about half a minute', false)
    .parse(argv)
    .opts<RawOptions>()
  return { scale: quick ? QUICK : FULL, broker, jsonPath: json, text: [NAME, ...argv.slice(2)].join(' ') }
}
