/**
 * Programs that speak another protocol, a browser for one: a web page can make it send lines of the page's choice to any port
 * of this machine. None of these beginnings is a command.
 */
const REQUEST = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI) /
const HEADER = /^host:/i
/** TLS, and what begins with a length or a type of two bytes: Kafka's requests, STUN. */
const BINARY = ['\x16\x03', '\0']

/** No beginning is longer. */
export const BEGINNING_BYTES = 8

/** Whether a line is one of an HTTP request. */
export function isOfHttp(line: Buffer): boolean {
  const text = line.toString('latin1', 0, BEGINNING_BYTES)
  return REQUEST.test(text) || HEADER.test(text)
}

/** Whether a client that begins so speaks another protocol. */
export function isOtherProtocol(beginning: Buffer): boolean {
  const text = beginning.toString('latin1', 0, BEGINNING_BYTES)
  return isOfHttp(beginning) || BINARY.some(start => text.startsWith(start))
}
