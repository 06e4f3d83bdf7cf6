import type { Folder } from '../log/folder.ts'
import { parseKept } from '../log/kept-json.ts'

/** What is kept of a topic besides its records. */
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
  /** Topics whose deletion is decided and whose folders may still be there. */
  readonly deleting: readonly Deletion[]
}

const FILE = 'topics.json'
const EMPTY: TopicList = { version: 1, topics: [], deleting: [] }

export function readTopicList(folder: Folder): TopicList {
  const content = folder.readWhole(FILE)
  if (content === undefined) return EMPTY
  return parseKept(FILE, content, kept => {
    const list = kept as TopicList
    if (list.version !== EMPTY.version) throw new Error(`got the version ${list.version}, expected ${EMPTY.version}`)
    return list
  })
}

/** Whole or not at all. */
export function writeTopicList(folder: Folder, list: Omit<TopicList, 'version'>): void {
  folder.replace(FILE, `${JSON.stringify({ ...list, version: EMPTY.version }, undefined, 2)}\n`)
}
