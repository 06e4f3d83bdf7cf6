/**
 * What a client may make the stand-in do and hold. Whoever goes beyond is told so or hung up on; the process goes on.
 * Ping's hash takes about 1.5 MB, and its largest request 1 MB; ten times that at the largest `MAX_MINUTES`.
 */

/** Connections at a time. */
export const MAX_CLIENTS = 1_000
/** All keys and values together, with what they take besides their bytes: Redis' `maxmemory`. */
export const MAX_DATA_BYTES = 32 * 1024 * 1024
/** One argument: Redis' `proto-max-bulk-len`. */
export const MAX_ARGUMENT_BYTES = 8 * 1024 * 1024
/** Arguments of one command. */
export const MAX_ARGUMENTS = 512 * 1024
/** One command as a typed line, or the line before an argument. As in Redis. */
export const MAX_LINE_BYTES = 64 * 1024
/** One command, or all of one MULTI. */
export const MAX_REQUEST_BYTES = 24 * 1024 * 1024
/** What one connection sent and is not carried out yet: half a command, or what waits for answers to be read. */
export const MAX_WAITING_BYTES = 32 * 1024 * 1024
/** One reply. All that is held fits in it once. */
export const MAX_REPLY_BYTES = 40 * 1024 * 1024
/** What all connections together make the process hold; beyond it the one that holds most is hung up on. */
export const MAX_CLIENTS_BYTES = 64 * 1024 * 1024
/** A connection below this much never needs to be looked at: all together they hold less than the most. */
export const SMALL_CLIENT_BYTES = MAX_CLIENTS_BYTES / MAX_CLIENTS
/** Keys and fields (four each) and bytes of patterns that one command, or one EXEC, may look at: less than a second. All data can be looked at once. */
export const MAX_WORK = 3_000_000
/** What goes wrong is told of once in so long for each kind: nobody can fill the log. */
export const WARN_EVERY_MS = 60_000
/** A connection with much to do lets others in after so long. */
export const TURN_MS = 10

/** What an argument, a key and a field take besides their bytes, rounded up. */
export const ARGUMENT_OVERHEAD_BYTES = 32
export const KEY_OVERHEAD_BYTES = 128
export const FIELD_OVERHEAD_BYTES = 96
/** What a piece of input takes besides its bytes. */
export const CHUNK_OVERHEAD_BYTES = 256

export function bytesOf(args: readonly string[]): number {
  let bytes = 0
  for (const arg of args) bytes += arg.length + ARGUMENT_OVERHEAD_BYTES
  return bytes
}
