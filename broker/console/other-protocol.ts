/**
 * Detects clients that speak another protocol, for example a browser: a web page can make it send chosen lines to any port
 * of this machine. None of these beginnings is a command.
 */
const REQUEST = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI) /
const HEADER = /^host:/i
/** TLS, and protocols that begin with a length or a type of two bytes: Kafka, STUN. */
const BINARY = ['\x16\x03', '\0']

/** The length of the longest beginning. */
export const BEGINNING_BYTES = 8

/** Whether a line belongs to an HTTP request. */
export function isOfHttp(line: Buffer): boolean {
  const text = line.toString('latin1', 0, BEGINNING_BYTES)
  return REQUEST.test(text) || HEADER.test(text)
}

/** Whether a client whose first bytes are these speaks another protocol. */
export function isOtherProtocol(beginning: Buffer): boolean {
  const text = beginning.toString('latin1', 0, BEGINNING_BYTES)
  return isOfHttp(beginning) || BINARY.some(start => text.startsWith(start))
}
