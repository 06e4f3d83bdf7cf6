import type { Keyspace } from '../keyspace.ts'
import type { Reply } from '../reply.ts'

/**
 * One of Ping's scripts, in TypeScript: there is no Lua here. It does what the script does, in the same order, with ill-formed
 * arguments too. A script that was changed has another SHA-1 and is not known any more: change its twin, then the SHA-1.
 */
export interface Twin {
  readonly name: string
  /** Of the text of the Lua script. */
  readonly sha1: string
  /** Throws CommandError where the script ends by an error. */
  readonly run: (keys: Keyspace, key: string | undefined, argv: readonly string[]) => Reply
}
