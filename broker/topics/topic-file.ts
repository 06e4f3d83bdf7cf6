import { SettingsError } from '../../src/runtime/settings.ts'
import { SEGMENT_SUFFIX } from '../log/file-names.ts'
import type { Folder } from '../log/folder.ts'
import { parseKept } from '../log/kept-json.ts'
import { checkTopicName } from './names.ts'

/** What is stored of a topic in addition to its records. */
export interface TopicEntry {
  readonly name: string
  /** Sixteen bytes in hex. */
  readonly id: string
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

export type Deletion = Pick<TopicEntry, 'name' | 'partitions'>

export interface TopicList {
  readonly version: 1
  readonly topics: readonly TopicEntry[]
  /** Deleted topics whose folders may still exist. */
  readonly deleting: readonly Deletion[]
}

const FILE = 'topics.json'
const EMPTY: TopicList = { version: 1, topics: [], deleting: [] }

/** Throws `SettingsError` if the list is damaged, or if it is missing although there are records. */
export function readTopicList(folder: Folder): TopicList {
  const content = folder.readWhole(FILE)
  if (content !== undefined) return parseKept(FILE, content, checked)
  const orphan = folder.names().find(name => /-\d+$/.test(name) && holdsRecords(folder, name))
  if (orphan === undefined) return EMPTY
  throw new SettingsError(
    `log.dirs: got a folder with records in ${orphan} but without ${FILE}, which lists the topics; restore it, or move the folder away to start with an empty one`,
  )
}

function holdsRecords(folder: Folder, name: string): boolean {
  try {
    const partition = folder.folder(name)
    return partition.names().some(file => file.endsWith(SEGMENT_SUFFIX) && (partition.readWhole(file)?.length ?? 0) > 0)
  } catch {
    return false // not a folder: not ours
  }
}

/** Atomic: the file holds either the old or the new list. */
export function writeTopicList(folder: Folder, list: Omit<TopicList, 'version'>): void {
  folder.replace(FILE, `${JSON.stringify({ ...list, version: EMPTY.version }, undefined, 2)}\n`)
}

/** Throws an error if the shape is wrong. */
function checked(kept: unknown): TopicList {
  const { version, topics, deleting } = entriesOf(kept, 'the file')
  if (version !== EMPTY.version) throw new Error(`version: got ${JSON.stringify(version)}, expected ${EMPTY.version}`)
  if (!Array.isArray(topics) || !Array.isArray(deleting)) throw new Error('topics, deleting: expected a list each')
  for (const deletion of deleting) checkNamed(deletion)
  for (const topic of topics) checkTopic(topic)
  const names = topics.map(({ name }: TopicEntry) => name)
  if (new Set(names).size < names.length) throw new Error('topics: got the same name more than once')
  return kept as TopicList
}

function checkTopic(topic: unknown): void {
  checkNamed(topic)
  const { name, id, configs } = entriesOf(topic, 'a topic')
  if (typeof id !== 'string' || !/^[\da-f]{32}$/.test(id))
    throw new Error(`id of ${String(name)}: got ${JSON.stringify(id)}, expected 32 hexadecimal digits`)
  const wrong = Object.entries(entriesOf(configs, 'configs')).find(([, value]) => typeof value !== 'string')
  if (wrong) throw new Error(`configs of ${String(name)}: got ${JSON.stringify(wrong[1])} for ${wrong[0]}, expected a string`)
}

function checkNamed(entry: unknown): void {
  const { name, partitions } = entriesOf(entry, 'a topic')
  if (typeof name !== 'string') throw new Error(`name: got ${JSON.stringify(name)}, expected a string`)
  checkTopicName(name)
  if (!Number.isSafeInteger(partitions) || Number(partitions) < 1)
    throw new Error(`partitions of ${name}: got ${JSON.stringify(partitions)}, expected an integer from 1`)
}

function entriesOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what}: got ${JSON.stringify(value)?.slice(0, 60)}, expected an object`)
  return value as Readonly<Record<string, unknown>>
}
