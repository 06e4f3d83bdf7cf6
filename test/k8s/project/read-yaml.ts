import { parseAllDocuments, type ScalarTag } from 'yaml'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

/** What Kubernetes reads: an object with a kind and a name. */
export interface Resource {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> }
}

/** Files are read for many renderings; what was read is never changed. */
const read = new Map<string, readonly JsonObject[]>()

/** Words that Kubernetes' reader, of YAML 1.1, takes for true and false. */
const OLD_WORDS: readonly ScalarTag[] = [
  { tag: 'tag:yaml.org,2002:bool', default: true, test: /^(y|yes|on)$/i, resolve: () => true },
  { tag: 'tag:yaml.org,2002:bool', default: true, test: /^(n|no|off)$/i, resolve: () => false },
]

/** Of the documents of a file, those that are not empty, read as Kubernetes does. Throws for what is no YAML. */
export function readYaml(path: string, text: string): readonly JsonObject[] {
  const documents = read.get(text) ?? parse(path, text)
  read.set(text, documents)
  return documents
}

function parse(path: string, text: string): readonly JsonObject[] {
  return parseAllDocuments(text, { uniqueKeys: true, customTags: tags => [...OLD_WORDS, ...tags] }).flatMap(document => {
    const [problem] = [...document.errors, ...document.warnings]
    if (problem) throw new Error(`${path}: ${problem.message.split('\n')[0]}`)
    const value: unknown = document.toJS()
    if (value === null) return []
    if (!isObject(value)) throw new Error(`${path}: got ${JSON.stringify(value)}, expected names with values`)
    return [value]
  })
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Checks what every rule builds on: kind and name are there. */
export function toResource(path: string, value: JsonObject): Resource {
  const { apiVersion, kind, metadata } = value
  const isNamed = isObject(metadata) && typeof metadata['name'] === 'string'
  if (typeof apiVersion === 'string' && typeof kind === 'string' && isNamed) return value as unknown as Resource
  throw new Error(`${path}: got ${JSON.stringify(value).slice(0, 80)}…, expected apiVersion, kind and metadata.name`)
}
