import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaJars, KAFKA_VERSION } from '../../../local/launch/kafka-jars.ts'
import { unzip } from './zip.ts'

/** A field in Kafka's message schemas. */
interface KafkaField {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly fields?: readonly KafkaField[]
}

export interface KafkaSchema {
  readonly apiKey: number
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly KafkaField[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly KafkaField[] }[]
}

/** One field in one version: `topics[].name: string or null`, with its default if the schema has one. */
export interface WireField {
  readonly text: string
  readonly fallback?: string
}

/** Kafka's message schemas by name (`FetchRequest`), from the jar of its client. */
export async function kafkaSchemas(): Promise<(name: string) => KafkaSchema> {
  const files = unzip(readFileSync(join(await kafkaJars(), `kafka-clients-${KAFKA_VERSION}.jar`)))
  return name => {
    const file = files.get(`common/message/${name}.json`)
    if (!file) throw new Error(`no schema ${name} in the jar`)
    return JSON.parse(
      file()
        .toString('utf8')
        .replaceAll(/^\s*\/\/.*$/gm, ''),
    ) as KafkaSchema
  }
}

/** `3-5`, `3+`, `3` or `none`, as the first and the last version. */
export function versionRange(text: string): readonly [from: number, to: number] {
  const [from, to] = text.split('-')
  if (text === 'none') return [Infinity, -Infinity]
  if (text.endsWith('+')) return [Number.parseInt(text, 10), Infinity]
  return [Number(from), Number(to ?? from)]
}

function holds(versions: string | undefined, version: number): boolean {
  const [from, to] = versionRange(versions ?? 'none')
  return version >= from && version <= to
}

/** The fields of one version in wire order. */
export function kafkaFields(schema: KafkaSchema, version: number): WireField[] {
  const common = new Map((schema.commonStructs ?? []).map(({ name, fields }) => [name, fields]))
  const walk = (fields: readonly KafkaField[], path: string): WireField[] => {
    const carried = fields.filter(({ versions }) => holds(versions, version))
    const plain = carried.filter(field => !holds(field.taggedVersions, version))
    const tagged = carried.filter(field => holds(field.taggedVersions, version)).toSorted((a, b) => Number(a.tag) - Number(b.tag))
    return [...plain, ...tagged].flatMap(field => {
      const list = field.type.startsWith('[]') ? '[]' : ''
      const inner = field.fields ?? common.get(field.type.slice(list.length))
      const name = `${path}${field.name[0]?.toLowerCase()}${field.name.slice(1)}`
      const tag = holds(field.taggedVersions, version) ? ` tag ${field.tag}` : ''
      const orNull = holds(field.nullableVersions, version) ? ' or null' : ''
      const text = `${name}: ${inner ? `${list}struct` : field.type}${orNull}${tag}`
      const fallback = field.default === undefined || String(field.default) === 'null' ? {} : { fallback: asText(field.default) }
      return [{ text, ...fallback }, ...(inner ? walk(inner, `${name}${list}.`) : [])]
    })
  }
  return walk(schema.fields, '')
}

/** `0x7fffffff` and `2147483647` are the same. */
function asText(value: string | number | boolean): string {
  return value === '' || Number.isNaN(Number(value)) ? String(value) : String(BigInt(value))
}
