import { compile } from '../wire/compile.ts'
import { Reader } from '../wire/reader.ts'
import { array, int16, string } from '../wire/types.ts'
import { WireError } from '../wire/wire-error.ts'
import type { Group } from './group.ts'

const CONSUMER_PROTOCOL = 'consumer'

/** The start of the metadata of a consumer, in every version of its protocol. */
const subscription = compile({ version: int16, topics: array(string) }, { version: 0, flexible: false })

/** The topics that the members of a group of consumers read; undefined if unknown. */
export function subscribedTopics({ protocolType, protocolName, members }: Group): ReadonlySet<string> | undefined {
  if (protocolType !== CONSUMER_PROTOCOL || protocolName === undefined) return undefined
  try {
    return new Set(members.values().flatMap(member => subscription.read(new Reader(member.metadata(protocolName))).topics))
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}
