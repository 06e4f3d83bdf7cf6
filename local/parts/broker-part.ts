import { launchBroker } from '../launch/broker.ts'
import type { Part } from '../part.ts'

export interface BrokerPlace {
  /** What Node runs. */
  readonly main: string
  readonly port: number
  /** Port of the line console. */
  readonly consolePort: number
  /** Where it stores its records. */
  readonly dataDir: string
}

/** The Kafka of this machine: Ping's own broker. */
export function brokerPart({ main, port, consolePort, dataDir }: BrokerPlace): Part {
  const settings = { 'line.console.port': consolePort }
  return {
    name: 'kafka',
    launch: hooks => launchBroker({ main, port, dataDir, settings, ...hooks }),
    stopSignal: 'SIGTERM',
    graceMs: 15_000,
    isEssential: false,
    remedy: 'Fix this, or use your own Kafka: KAFKA_BROKERS=host:port npm start',
  }
}
