import { randomUUID } from 'node:crypto'
import { SettingsError } from '../src/runtime/settings.ts'
import { parseProperties } from './config/properties.ts'

/** What a data folder says about itself. */
export interface Meta {
  readonly clusterId: string
  readonly nodeId: number
}

/** Not a number, so that neither Apache Kafka nor this broker takes the other's folder for its own. */
const FORMAT = 'ping-broker-'
const VERSION = 1
const CLUSTER_ID = /^[\w-]{22}$/
const HEAD = '# Written when this folder was made. Not to be changed.'

/** The 16 bytes of a random UUID in the 22 characters that Kafka shows; not with a hyphen in front, which tools take for an option. */
export function newClusterId(): string {
  for (;;) {
    const id = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

export function formatMeta({ clusterId, nodeId }: Meta): string {
  return `${HEAD}\nversion=${FORMAT}${VERSION}\ncluster.id=${clusterId}\nnode.id=${nodeId}\n`
}

/** Reads the text of `file`. Throws `SettingsError` when it is not of this broker, or of a later version of it. */
export function readMeta(text: string, file: string): Meta {
  const values = new Map(parsed(text, file).map(({ key, value }) => [key, value.trim()]))
  checkVersion(values.get('version'), file)
  const clusterId = values.get('cluster.id') ?? ''
  if (!CLUSTER_ID.test(clusterId)) throw damaged(file, `cluster.id: got ${JSON.stringify(clusterId)}, expected 22 characters of base64`)
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
  if (version === undefined) throw damaged(file, 'version: got none')
  if (/^\d+$/.test(version))
    throw new SettingsError(`log.dirs: ${file} is of Apache Kafka (version ${version}), expected a folder of this broker's own`)
  const number = version.startsWith(FORMAT) ? Number(version.slice(FORMAT.length)) : NaN
  if (number > VERSION)
    throw new SettingsError(
      `log.dirs: ${file} has the version ${version}, expected ${FORMAT}${VERSION}: a later ping-broker wrote this folder`,
    )
  if (number !== VERSION) throw damaged(file, `version: got ${JSON.stringify(version)}, expected ${FORMAT}${VERSION}`)
}

function damaged(file: string, what: string): SettingsError {
  return new SettingsError(`log.dirs: ${file} is damaged: ${what}; restore it, or move the folder away to begin with an empty one`)
}
