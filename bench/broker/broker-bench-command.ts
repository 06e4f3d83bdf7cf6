import { Command } from 'commander'
import { FULL, QUICK, type Scale } from './loads.ts'

/** The parsed command line. */
export interface BrokerBenchCommand {
  readonly scale: Scale
  readonly jsonPath: string | undefined
  readonly profileDir: string | undefined
  /** As it was typed. */
  readonly text: string
}

interface RawOptions {
  readonly quick: boolean
  readonly json?: string
  readonly profile?: string
}

const NAME = 'npm run bench:broker --'

/** Reads the command line. Prints the help or an error and exits, if that is all. */
export function readCommand(argv: readonly string[]): BrokerBenchCommand {
  const { quick, json, profile } = new Command(NAME)
    .description("Compares Ping's own broker with Apache Kafka through kafkajs, in one run. It starts both.")
    .option('--json <path>', 'write all figures to this file')
    .option('--profile <folder>', "write a CPU profile of Ping's broker to this folder; this makes it slower")
    .option('--quick', 'fewer and shorter rounds; takes about a minute', false)
    .parse(argv)
    .opts<RawOptions>()
  return { scale: quick ? QUICK : FULL, jsonPath: json, profileDir: profile, text: [NAME, ...argv.slice(2)].join(' ') }
}
