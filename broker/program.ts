import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { endWith } from '../src/runtime/end-with.ts'
import { WRONG_USAGE } from '../src/runtime/exit-codes.ts'
import { createLogger } from '../src/runtime/logger.ts'
import { runAsOwner } from '../src/runtime/run-as-owner.ts'
import { runProgram, type Running } from '../src/runtime/run-program.ts'
import { readArguments, USAGE, type Command } from './arguments.ts'
import { Broker } from './broker.ts'
import { readConfig } from './config/read-config.ts'
import { META } from './data-folder.ts'

const NAME = 'ping-broker'
/** Maximum duration of a stop, in ms. */
const DRAIN_MS = 10_000
const WHAT = 'single-node broker that speaks the Kafka protocol, for development and tests; production uses Apache Kafka'

/** Runs the broker as a program until SIGTERM or SIGINT. */
export async function runBroker(args: readonly string[]): Promise<void> {
  const command = readArguments(args)
  switch (command.kind) {
    case 'help':
      return endWith(0, process.stdout, USAGE)
    case 'version':
      return endWith(0, process.stdout, `${NAME} ${version()}\n`)
    case 'wrong':
      return endWith(WRONG_USAGE, process.stderr, `${command.message}\n`)
    case 'run':
      return runProgram({ name: NAME, drainMs: DRAIN_MS, start: () => start(command) })
  }
}

async function start({ file, overrides }: Command & { kind: 'run' }): Promise<Running> {
  const settings = readConfig({ file, overrides })
  const log = createLogger({ name: NAME, level: settings.logLevel })
  const user = settings.storage === 'disk' ? runAsOwner([join(settings.dataFolder, META), settings.dataFolder]) : undefined
  if (user !== undefined) log.info({ user }, 'running as the owner of the data folder')
  const broker = await Broker.start({ settings, log })
  const folder = settings.storage === 'memory' ? 'none, all data is in memory' : settings.dataFolder
  log.info({ version: version(), nodeId: settings.nodeId, clusterId: broker.clusterId, folder, listeners: broker.addresses }, WHAT)
  const { port, consolePort, statusPort } = broker
  log.info({ port, consolePort, statusPort, tookMs: Math.round(performance.now()) }, 'ready')
  return broker
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}
