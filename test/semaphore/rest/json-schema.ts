/** A schema of the document, as far as the document uses JSON Schema. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
}

const KNOWN = ['$ref', 'type', 'enum', 'const', 'oneOf', 'properties', 'required', 'additionalProperties', 'items', 'minimum', 'maximum']
/** They say something to readers, not to this check. */
const NOTES = ['description', 'format', 'default', 'contentEncoding', 'minLength', 'maxLength', 'pattern']

/** What is wrong with a value, with its path; empty: it fits the schema. Throws for a keyword that is not checked here. */
export function findFaults(value: unknown, schema: Schema, schemas: Readonly<Record<string, Schema>>, path = '$'): readonly string[] {
  const unknown = Object.keys(schema).find(keyword => !KNOWN.includes(keyword) && !NOTES.includes(keyword))
  if (unknown !== undefined) throw new Error(`${path}: got the keyword ${unknown}, expected one that this check knows`)
  if (schema.$ref !== undefined) {
    const found = schemas[schema.$ref.replace('#/components/schemas/', '')]
    return found === undefined ? [`${path}: ${schema.$ref} does not exist`] : findFaults(value, found, schemas, path)
  }
  if (schema.oneOf !== undefined) {
    const fitting = schema.oneOf.filter(one => findFaults(value, one, schemas, path).length === 0)
    return fitting.length === 1 ? [] : [`${path}: fits ${fitting.length} schemas of oneOf`]
  }
  const types = schema.type === undefined ? undefined : [schema.type].flat()
  if (types !== undefined && !types.includes(typeOf(value))) return [`${path}: got ${typeOf(value)}, expected ${types.join(' or ')}`]
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return [`${path}: got ${String(value)}, expected one of ${schema.enum.join(', ')}`]
  if (schema.const !== undefined && schema.const !== value) return [`${path}: got ${String(value)}, expected ${String(schema.const)}`]
  if (typeof value === 'number' && (value < (schema.minimum ?? -Infinity) || value > (schema.maximum ?? Infinity)))
    return [`${path}: got ${value}, which is out of range`]
  if (Array.isArray(value)) return value.flatMap((item, at) => findFaults(item, schema.items ?? {}, schemas, `${path}[${at}]`))
  return typeof value === 'object' && value !== null ? faultsOfObject(value as Record<string, unknown>, schema, schemas, path) : []
}

function faultsOfObject(
  value: Readonly<Record<string, unknown>>,
  { properties = {}, required = [], additionalProperties }: Schema,
  schemas: Readonly<Record<string, Schema>>,
  path: string,
): readonly string[] {
  const missing = required.filter(name => !(name in value)).map(name => `${path}.${name}: missing`)
  const others = Object.keys(value).filter(name => !(name in properties))
  const surplus = additionalProperties === false ? others.map(name => `${path}.${name}: not in the schema`) : []
  const faults = Object.entries(properties).flatMap(([name, one]) =>
    name in value ? findFaults(value[name], one, schemas, `${path}.${name}`) : [],
  )
  return [...missing, ...surplus, ...faults]
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}
