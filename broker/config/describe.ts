import { acceptedKeys } from './accepted-keys.ts'
import { brokerKeys } from './broker-keys.ts'
import type { Key } from './key.ts'
import { topicFallback } from './log-settings.ts'
import type { BrokerSettings } from './settings.ts'
import { topicKeys, type TopicKey } from './topic-keys.ts'
import type { ConfigType } from './value-types.ts'

/** Where a value comes from, by the numbers of DescribeConfigs. */
const CONFIG_SOURCE = { topic: 1, broker: 4, default: 5 } as const
/** The types, by the numbers of DescribeConfigs. */
const TYPES: Readonly<Record<ConfigType, number>> = { BOOLEAN: 1, STRING: 2, INT: 3, SHORT: 4, LONG: 5, DOUBLE: 6, LIST: 7 }

export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: number
}

/** One key in a response to DescribeConfigs. */
export interface ConfigEntry {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly isDefault: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms: readonly ConfigSynonym[]
  readonly configType: number
  readonly documentation: string
}

type Given = Pick<BrokerSettings, 'given'>

/** All topic keys, with the values that are set for a topic. */
export function describeTopicConfigs({ given }: Given, overrides: ReadonlyMap<string, string>): readonly ConfigEntry[] {
  return [...topicKeys.values()].map(key => {
    const own = overrides.get(key.name)
    const synonyms = [
      ...(own === undefined ? [] : [{ name: key.name, value: own, source: CONFIG_SOURCE.topic }]),
      ...brokerSynonyms(key, given),
    ]
    const source = synonyms[0]?.source ?? CONFIG_SOURCE.default
    return entry(key, { value: own ?? topicFallback(key, given), source, synonyms, readOnly: false })
  })
}

/** All supported and accepted broker keys. None can be changed while the broker runs. */
export function describeBrokerConfigs({ given }: Given): readonly ConfigEntry[] {
  return [...Object.values<Key>(brokerKeys), ...acceptedKeys].map(key => {
    const synonyms = synonymsOf(key, given)
    const source = synonyms[0]?.source ?? CONFIG_SOURCE.default
    return entry(key, { value: given.get(key.name) ?? key.fallback ?? null, source, synonyms, readOnly: true })
  })
}

function entry(
  { name, type, help, role }: Key | TopicKey,
  { value, source, synonyms, readOnly }: { value: string | null; source: number; synonyms: readonly ConfigSynonym[]; readOnly: boolean },
): ConfigEntry {
  const documentation = role === 'supported' ? help : `Accepted without effect. ${help}`
  const isDefault = source === CONFIG_SOURCE.default
  return {
    name,
    value,
    readOnly,
    isDefault,
    configSource: source,
    isSensitive: false,
    synonyms,
    configType: TYPES[type.name],
    documentation,
  }
}

function brokerSynonyms({ brokerKeys }: TopicKey, given: ReadonlyMap<string, string>): readonly ConfigSynonym[] {
  return brokerKeys.flatMap(({ key }) => synonymsOf(key, given))
}

/** The value that was given for a broker key, then its default. */
function synonymsOf({ name, fallback }: Key, given: ReadonlyMap<string, string>): readonly ConfigSynonym[] {
  const own = given.get(name)
  return [
    ...(own === undefined ? [] : [{ name, value: own, source: CONFIG_SOURCE.broker }]),
    ...(fallback === undefined ? [] : [{ name, value: fallback, source: CONFIG_SOURCE.default }]),
  ]
}
