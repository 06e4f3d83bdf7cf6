import type { Keyspace } from '../keyspace.ts'
import type { Reply } from '../reply.ts'

/**
 * One of Ping's scripts in TypeScript, since there is no Lua here. It does what the script does, in the same order, even with
 * malformed arguments. A changed script has another SHA-1 and is unknown: change its twin, then the SHA-1.
 */
export interface Twin {
  readonly name: string
  /** SHA-1 of the Lua script. */
  readonly sha1: string
  /** Throws CommandError where the script ends with an error. */
  readonly run: (keys: Keyspace, key: string | undefined, argv: readonly string[]) => Reply
}
