import { beforeAll, describe, expect, test } from 'vitest'
import { asField, type Field, type Shape } from '../../../broker/wire/schema.ts'
import { can } from '../../support/tiers.ts'
import { kafkaFields, kafkaSchemas, versionRange, type KafkaSchema, type WireField } from './kafka-schemas.ts'
import { messagesOf, NAMED_APIS } from './messages.ts'
import { isCarried } from './model.ts'

/** Compares each field in each version with the schemas from which Kafka generates its code. */
describe.runIf(can('kafka'))('the wire tables', () => {
  let schemaOf: (name: string) => KafkaSchema
  beforeAll(async () => {
    schemaOf = await kafkaSchemas()
  })

  test.each(NAMED_APIS)('have the key and the versions of $name', ({ api }) => {
    for (const schema of [schemaOf(`${api.name}Request`), schemaOf(`${api.name}Response`)]) {
      const [from, to] = versionRange(schema.validVersions)
      expect(schema.apiKey).toBe(api.key)
      expect(from).toBeLessThanOrEqual(api.minVersion)
      expect(to).toBeGreaterThanOrEqual(api.maxVersion)
      expect(versionRange(schema.flexibleVersions)[0]).toBe(api.flexibleFrom)
    }
  })

  test.each(NAMED_APIS)('have the fields of $name', ({ api }) => {
    for (const { title, shape, layout } of messagesOf(api)) {
      const schema = schemaOf(title.endsWith('request') ? `${api.name}Request` : `${api.name}Response`)
      const [ours, theirs] = [tableFields(shape, layout.version), kafkaFields(schema, layout.version)]
      expect(
        ours.map(({ text }) => text),
        title,
      ).toEqual(theirs.map(({ text }) => text))
      for (const [index, { text, fallback }] of ours.entries()) {
        const expected = theirs[index]?.fallback
        if (fallback !== undefined && expected !== undefined) expect(fallback, `${title}: the default of ${text}`).toBe(expected)
      }
    }
  })
})

/** In the same form as Kafka's schemas. */
function tableFields(shape: Shape, version: number, path = ''): WireField[] {
  const fields = Object.entries(shape).map(([name, entry]) => ({ name, field: asField(entry), mayBeLeftOut: 'type' in entry }))
  const carried = fields.filter(({ field }) => isCarried(field, version))
  const plain = carried.filter(({ field }) => field.tag === undefined)
  const tagged = carried.filter(({ field }) => field.tag !== undefined).toSorted((a, b) => Number(a.field.tag) - Number(b.field.tag))
  return [...plain, ...tagged].flatMap(({ name, field, mayBeLeftOut }) => {
    const { type, tag } = field
    const orNull = version >= (type.nullableFrom ?? Infinity) ? ' or null' : ''
    const text = `${path}${name}: ${type.name}${orNull}${tag === undefined ? '' : ` tag ${tag}`}`
    const inner = type.shape ? tableFields(type.shape, version, `${path}${name}${type.name.startsWith('[]') ? '[]' : ''}.`) : []
    return [{ text, ...(mayBeLeftOut && fallbackOf(field)) }, ...inner]
  })
}

function fallbackOf({ absent }: Field<unknown>): { fallback?: string } {
  return ['number', 'bigint', 'boolean', 'string'].includes(typeof absent) ? { fallback: String(absent) } : {}
}
