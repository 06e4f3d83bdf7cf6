/**
 * The limits of what a client can make the stand-in do and hold. A client that exceeds one gets an error or is disconnected;
 * the process goes on. Ping's hash takes about 1.5 MB, and its largest request 1 MB; ten times that at the largest `MAX_MINUTES`.
 */

/** Concurrent connections. */
export const MAX_CLIENTS = 1_000
/** All keys and values together, with their overhead: Redis' `maxmemory`. */
export const MAX_DATA_BYTES = 32 * 1024 * 1024
/** One argument: Redis' `proto-max-bulk-len`. */
export const MAX_ARGUMENT_BYTES = 8 * 1024 * 1024
/** Arguments of one command. */
export const MAX_ARGUMENTS = 512 * 1024
/** One command as a typed line, or the line before an argument. As in Redis. */
export const MAX_LINE_BYTES = 64 * 1024
/** One command, or all of one MULTI. */
export const MAX_REQUEST_BYTES = 24 * 1024 * 1024
/** Input of one connection that is not processed yet: half a command, or commands that wait until the client reads answers. */
export const MAX_WAITING_BYTES = 32 * 1024 * 1024
/** One reply. All data fits into one. */
export const MAX_REPLY_BYTES = 40 * 1024 * 1024
/** What all connections together hold; beyond it, the one that holds most is disconnected. */
export const MAX_CLIENTS_BYTES = 64 * 1024 * 1024
/** A connection below this size needs no check: all of them together stay below the maximum. */
export const SMALL_CLIENT_BYTES = MAX_CLIENTS_BYTES / MAX_CLIENTS
/** Keys and fields (four each) and bytes of patterns that one command, or one EXEC, may read: less than a second. One command can read all data once. */
export const MAX_WORK = 3_000_000
/** Each kind of warning is logged once in this time, so that no client can fill the log. */
export const WARN_EVERY_MS = 60_000
/** A connection with much work lets others run after this time. */
export const TURN_MS = 10

/** The overhead of an argument, a key and a field, rounded up. */
export const ARGUMENT_OVERHEAD_BYTES = 32
export const KEY_OVERHEAD_BYTES = 128
export const FIELD_OVERHEAD_BYTES = 96
/** The overhead of a piece of input. */
export const CHUNK_OVERHEAD_BYTES = 256

export function bytesOf(args: readonly string[]): number {
  let bytes = 0
  for (const arg of args) bytes += arg.length + ARGUMENT_OVERHEAD_BYTES
  return bytes
}
