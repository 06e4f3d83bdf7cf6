import { describeBatches } from './batches.ts'

/**
 * Makes answers of two brokers comparable: values that must differ between two runs (names, ids, addresses, times) become placeholders, texts
 * that explain an error code are removed, and batches are replaced by their content. Everything else is unchanged.
 */
export class Normaliser {
  readonly #run: string
  readonly #brokers: string
  readonly #members = new Map<string, string>()
  readonly #producers = new Map<bigint, string>()

  /** `run`: the prefix of all names in the script. */
  constructor(run: string, brokers: string) {
    this.#run = run
    this.#brokers = brokers
  }

  normal(value: unknown, field = ''): unknown {
    if (Array.isArray(value)) {
      const items = value.map(item => this.normal(item, field))
      return field === 'synonyms' ? items : inOrder(items) // the first synonym is the effective one, so their order matters
    }
    if (Buffer.isBuffer(value)) return this.#bytes(value, field)
    if (typeof value === 'bigint') return this.#integer(value, field)
    if (typeof value === 'number') return this.#number(value, field)
    if (typeof value === 'string') return this.#text(value, field)
    if (typeof value !== 'object' || value === null) return value
    const fields = Object.entries(value).filter(([name]) => !ERROR_TEXTS.has(name))
    return Object.fromEntries(fields.map(([name, item]) => [name, this.normal(item, name)]))
  }

  #bytes(value: Buffer, field: string): unknown {
    if (field === 'records') return this.normal(describeBatches(value))
    if (field === 'topicId') return value.every(byte => byte === 0) ? '<no id>' : '<id>'
    return this.#text(value.toString(), field)
  }

  #integer(value: bigint, field: string): unknown {
    if (field === 'producerId' && value >= 0n) return named(this.#producers, value, 'producer')
    if (TIMES.has(field) && Math.abs(Number(value) - Date.now()) < NOW_MS) return '<now>'
    return Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`
  }

  #number(value: number, field: string): unknown {
    if (NODES.has(field) && value >= 0) return '<node>'
    if (field === 'sessionId' && value > 0) return '<session>'
    if (field === 'port' && value === Number(this.#brokers.split(':')[1])) return '<port>'
    return value
  }

  #text(value: string, field: string): unknown {
    if (field === 'documentation') return '<text>'
    if (field === 'clusterId') return '<cluster>'
    if (field === 'host' && value === this.#brokers.split(':')[0]) return '<host>'
    if (value.length > LONG_CHARACTERS) return `${value.length} characters`
    return value.replace(MEMBER_ID, id => named(this.#members, id, 'member')).replaceAll(this.#run, '<run>')
  }
}

const LONG_CHARACTERS = 300
const NOW_MS = 600_000
const TIMES: ReadonlySet<string> = new Set(['logAppendTimeMs', 'timestamp'])
const NODES: ReadonlySet<string> = new Set(['nodeId', 'controllerId', 'leaderId', 'brokerId', 'replicaNodes', 'isrNodes'])
const ERROR_TEXTS: ReadonlySet<string> = new Set(['errorMessage', 'batchIndexErrorMessage'])
/** Member ids are the client's name or the member's fixed one, and a UUID. */
const MEMBER_ID = /[\w-]*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

/** Lists with these fields have no defined order in answers. */
const LISTED_BY = ['partitionIndex', 'partition', 'index', 'name', 'topic', 'groupId', 'memberId']

function inOrder(items: unknown[]): unknown[] {
  const key = LISTED_BY.find(each => items.every(item => typeof item === 'object' && item !== null && each in item))
  if (key === undefined) return items
  const keyOf = (item: unknown) => (item as Record<string, string | number>)[key] ?? ''
  return items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0))
}

/** Ids in order of appearance: <producer 1>, <producer 2> … */
function named<T>(names: Map<T, string>, id: T, kind: string): string {
  const known = names.get(id)
  if (known !== undefined) return known
  const name = `<${kind} ${names.size + 1}>`
  names.set(id, name)
  return name
}
