/** Bytes that are not what the protocol says they are. The connection that sent them is closed; nothing else is touched. */
export class WireError extends Error {
  override readonly name = 'WireError'
}
