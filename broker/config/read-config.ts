import { resolve } from 'node:path'
import { SettingsError } from '../../src/runtime/settings.ts'
import { acceptedKeys } from './accepted-keys.ts'
import { brokerKeys } from './broker-keys.ts'
import { expectedOf, fallbackOf, type Key } from './key.ts'
import { resolveListeners } from './listeners.ts'
import { nearestKey } from './nearest-key.ts'
import { refusalOf } from './refused-keys.ts'
import type { BrokerSettings, Values } from './settings.ts'
import { gather, type ConfigSources, type Given } from './sources.ts'
import { topicKeys } from './topic-keys.ts'

export type { ConfigOptions, ConfigSources } from './sources.ts'

/** All supported and accepted keys, by name. */
export const knownKeys: ReadonlyMap<string, Key> = new Map([...Object.values<Key>(brokerKeys), ...acceptedKeys].map(key => [key.name, key]))

/** Reads the configuration of a broker. Throws one `SettingsError` with a line for each error. */
export function readConfig(sources: ConfigSources): BrokerSettings {
  const given = gather(sources)
  const wrong: string[] = []
  const report = (key: string, what: string): void => {
    const where = given.get(key)?.where
    wrong.push(`${key}${where ? ` (${where})` : ''}: ${what}`)
  }
  for (const [name, got] of given) checkKey(name, got, report)
  const values = readValues(given)
  const settings = wrong.length === 0 ? resolveSettings(values, given, report) : undefined
  if (settings === undefined || wrong.length > 0) throw new SettingsError(wrong.join('\n'))
  return settings
}

type Report = (key: string, what: string) => void

function checkKey(name: string, { text }: Given, report: Report): void {
  const key = knownKeys.get(name)
  if (key === undefined) return report(name, whyUnknown(name))
  if (key.type.parse(text) === undefined) report(name, `got ${JSON.stringify(text)}, expected ${expectedOf(key)}`)
}

function whyUnknown(name: string): string {
  const refusal = refusalOf(name)
  if (refusal !== undefined) return `not supported: ${refusal}`
  const ofTopic = topicKeys.get(name)?.brokerKeys[0]?.key.name
  if (ofTopic !== undefined) return `got a topic key, expected the broker key ${ofTopic}`
  const nearest = nearestKey(name, knownKeys.keys())
  return `got an unknown key, expected ${nearest === undefined ? 'one of docs/broker.md' : `perhaps ${nearest}`}`
}

/** The value of each supported key; the default if it is missing or malformed. */
function readValues(given: ReadonlyMap<string, Given>): Values {
  const read = (key: Key): unknown => {
    const text = given.get(key.name)?.text
    return (text === undefined ? undefined : key.type.parse(text)) ?? fallbackOf(key)
  }
  return Object.fromEntries(Object.entries<Key>(brokerKeys).map(([name, key]) => [name, read(key)])) as Values
}

function resolveSettings(values: Values, given: ReadonlyMap<string, Given>, report: Report): BrokerSettings {
  const {
    listeners,
    advertisedListeners,
    listenerProtocols,
    controllerListeners = [],
    nodeId,
    brokerId,
    logDirs,
    logDir,
    ...others
  } = values
  const texts = { listeners, advertised: advertisedListeners, protocols: listenerProtocols, controllers: controllerListeners }
  if (given.has('node.id') && brokerId !== -1 && brokerId !== nodeId)
    report('broker.id', `got ${brokerId}, expected the value of node.id, ${nodeId}`)
  if (values.groupMinSessionTimeoutMs > values.groupMaxSessionTimeoutMs) {
    report(
      'group.min.session.timeout.ms',
      `got ${values.groupMinSessionTimeoutMs}, expected at most group.max.session.timeout.ms, ${values.groupMaxSessionTimeoutMs}`,
    )
  }
  return {
    ...others,
    listeners: resolveListeners(texts, report),
    nodeId: brokerId === -1 || given.has('node.id') ? nodeId : brokerId,
    dataFolder: resolve(logDirs ?? logDir),
    given: new Map([...given].map(([name, { text }]) => [name, text])),
  }
}
