/** Bytes that violate the protocol. The connection that sent them is closed; nothing else is affected. */
export class WireError extends Error {
  override readonly name = 'WireError'
}
