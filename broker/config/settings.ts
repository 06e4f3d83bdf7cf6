import type { brokerKeys } from './broker-keys.ts'
import type { Key } from './key.ts'
import type { ListenerSettings } from './listeners.ts'

/** The value of each key that is honoured. */
export type Values = { readonly [Name in keyof typeof brokerKeys]: (typeof brokerKeys)[Name] extends Key<infer T> ? T : never }

/** Keys that only make up another value. */
type Folded =
  | 'listeners'
  | 'advertisedListeners'
  | 'listenerProtocols'
  | 'controllerListeners'
  | 'nodeId'
  | 'brokerId'
  | 'logDirs'
  | 'logDir'

/** Every setting of a broker. */
export interface BrokerSettings extends Omit<Values, Folded> {
  readonly listeners: readonly ListenerSettings[]
  readonly nodeId: number
  /** Absolute path; without meaning when `storage` is memory. */
  readonly dataFolder: string
  /** What was given, by Kafka's names, for those who ask for the configuration. */
  readonly given: ReadonlyMap<string, string>
}
