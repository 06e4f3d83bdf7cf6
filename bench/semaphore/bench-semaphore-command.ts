import { Command, Option } from 'commander'
import { CONTENDERS, type Contender } from '../parts/brokers.ts'
import { FULL, QUICK, type Scale } from './scale.ts'

/** The parsed command line. */
export interface SemaphoreBenchCommand {
  readonly scale: Scale
  readonly broker: Contender
  readonly jsonPath: string | undefined
  readonly profileDir: string | undefined
  /** As it was typed. */
  readonly text: string
}

interface RawOptions {
  readonly quick: boolean
  readonly broker: Contender
  readonly json?: string
  readonly profile?: string
}

const NAME = 'npm run bench:semaphore --'

/** Reads the command line. Prints the help or an error and exits, if that is all. */
export function readCommand(argv: readonly string[]): SemaphoreBenchCommand {
  const { quick, broker, json, profile } = new Command(NAME)
    .description('Measures the semaphore against bare pg and bare kafkajs, in one run. It starts everything itself.')
    .addOption(new Option('--broker <kind>', "Ping's own broker, or Apache Kafka").choices(CONTENDERS).default('ours'))
    .option('--json <path>', 'write all figures to this file')
    .option('--profile <folder>', 'write a CPU profile of the semaphore to this folder; this makes it slower')
    .option('--quick', 'fewer commands; takes about a minute', false)
    .parse(argv)
    .opts<RawOptions>()
  const text = [NAME, ...argv.slice(2)].join(' ')
  return { scale: quick ? QUICK : FULL, broker, jsonPath: json, profileDir: profile, text }
}
