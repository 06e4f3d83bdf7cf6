import { Command } from 'commander'
import { FULL, QUICK, type Scale } from './loads.ts'

/** What the command line asks for. */
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

/** Reads the command line; prints help or what is wrong with it, and exits, where that is all there is to do. */
export function readCommand(argv: readonly string[]): BrokerBenchCommand {
  const { quick, json, profile } = new Command(NAME)
    .description("Measures Ping's own broker next to Apache Kafka through kafkajs, both started here, in one run.")
    .option('--json <path>', 'write all figures to this file')
    .option('--profile <folder>', "let Ping's broker write a CPU profile there, which makes it slower")
    .option('--quick', 'fewer, shorter rounds: the whole in about a minute', false)
    .parse(argv)
    .opts<RawOptions>()
  return { scale: quick ? QUICK : FULL, jsonPath: json, profileDir: profile, text: [NAME, ...argv.slice(2)].join(' ') }
}
