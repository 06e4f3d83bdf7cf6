import { randomUUID } from 'node:crypto'
import { SettingsError } from '../src/runtime/settings.ts'
import { parseProperties } from './config/properties.ts'

/** What is stored about a data folder. */
export interface Meta {
  readonly clusterId: string
  readonly nodeId: number
}

/** Not a number as in Apache Kafka, so that neither accepts a folder of the other. */
const FORMAT = 'ping-broker-'
const VERSION = 1
const CLUSTER_ID = /^[\w-]{22}$/
const HEAD = '# Written when this folder was created. Do not change.'

/** The 16 bytes of a random UUID as 22 characters, like Kafka. It never starts with a hyphen, which tools would take for an option. */
export function newClusterId(): string {
  for (;;) {
    const id = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

export function formatMeta({ clusterId, nodeId }: Meta): string {
  return `${HEAD}\nversion=${FORMAT}${VERSION}\ncluster.id=${clusterId}\nnode.id=${nodeId}\n`
}

/** Reads the text of `file`. Throws `SettingsError` if this broker did not write it, or a later version did. */
export function readMeta(text: string, file: string): Meta {
  const values = new Map(parsed(text, file).map(({ key, value }) => [key, value.trim()]))
  checkVersion(values.get('version'), file)
  const clusterId = values.get('cluster.id') ?? ''
  if (!CLUSTER_ID.test(clusterId)) throw damaged(file, `cluster.id: got ${JSON.stringify(clusterId)}, expected 22 characters of Base64`)
  const nodeId = values.get('node.id') ?? ''
  if (!/^\d{1,10}$/.test(nodeId)) throw damaged(file, `node.id: got ${JSON.stringify(nodeId)}, expected a number`)
  return { clusterId, nodeId: Number(nodeId) }
}

function parsed(text: string, file: string): ReturnType<typeof parseProperties> {
  try {
    return parseProperties(text)
  } catch (error) {
    throw damaged(file, (error as Error).message)
  }
}

function checkVersion(version: string | undefined, file: string): void {
  if (version === undefined) throw damaged(file, 'version: got none, expected one')
  if (/^\d+$/.test(version))
    throw new SettingsError(`log.dirs: ${file} belongs to Apache Kafka (version ${version}), expected a folder of this broker`)
  const number = version.startsWith(FORMAT) ? Number(version.slice(FORMAT.length)) : NaN
  if (number > VERSION)
    throw new SettingsError(
      `log.dirs: ${file} has version ${version}, expected ${FORMAT}${VERSION}: a later version of ping-broker wrote this folder`,
    )
  if (number !== VERSION) throw damaged(file, `version: got ${JSON.stringify(version)}, expected ${FORMAT}${VERSION}`)
}

function damaged(file: string, what: string): SettingsError {
  return new SettingsError(`log.dirs: ${file} is damaged: ${what}; restore it, or move the folder away to start with an empty one`)
}
