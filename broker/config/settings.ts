import type { brokerKeys } from './broker-keys.ts'
import type { Key } from './key.ts'
import type { ListenerSettings } from './listeners.ts'

/** The value of each supported key. */
export type Values = { readonly [Name in keyof typeof brokerKeys]: (typeof brokerKeys)[Name] extends Key<infer T> ? T : never }

/** Keys that are only part of another value. */
type Folded =
  | 'listeners'
  | 'advertisedListeners'
  | 'listenerProtocols'
  | 'controllerListeners'
  | 'nodeId'
  | 'brokerId'
  | 'logDirs'
  | 'logDir'

/** All settings of a broker. */
export interface BrokerSettings extends Omit<Values, Folded> {
  readonly listeners: readonly ListenerSettings[]
  readonly nodeId: number
  /** Absolute path; unused if `storage` is memory. */
  readonly dataFolder: string
  /** The strings that were given, by Kafka's names, for clients that ask for the configuration. */
  readonly given: ReadonlyMap<string, string>
}
