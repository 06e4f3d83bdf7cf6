import type { ValueType } from './value-types.ts'

/** NAME://host:port; no host: all addresses. */
export interface ListenerText {
  readonly name: string
  readonly host: string
  readonly port: number
}

const LISTENER = /^([A-Za-z][\w-]*):\/\/(?:\[([\da-fA-F:.%\w-]+)\]|([\w.-]*)):(\d{1,5})$/
const PORT_MAX = 65_535

/** The value of `listeners`. */
export const listenerList: ValueType<readonly ListenerText[]> = listeners(
  'NAME://host:port, or several separated by commas, with unique names and unique ports from 0 to 65535',
)
/** The value of `advertised.listeners`. */
export const advertisedList: ValueType<readonly ListenerText[]> = listeners(
  'NAME://host:port, or several separated by commas, with unique names and ports from 0 to 65535',
  { mayShare: true },
)

function listeners(expected: string, { mayShare = false } = {}): ValueType<readonly ListenerText[]> {
  return {
    name: 'STRING',
    expected,
    parse: text => {
      const parsed = text.split(',').map(item => toListener(item.trim()))
      if (!parsed.every(listener => listener !== undefined)) return undefined
      if (new Set(parsed.map(({ name }) => name)).size < parsed.length) return undefined
      return mayShare || !clash(parsed) ? parsed : undefined
    },
  }
}

function toListener(text: string): ListenerText | undefined {
  const [, name = '', bracketed, plain = '', digits] = LISTENER.exec(text) ?? []
  const port = Number(digits)
  return port <= PORT_MAX ? { name: name.toUpperCase(), host: bracketed ?? plain, port } : undefined
}

/** Whether two listeners want the same port of the same host. */
function clash(parsed: readonly ListenerText[]): boolean {
  const places = parsed.filter(({ port }) => port !== 0).map(({ host, port }) => `${host}:${port}`)
  return new Set(places).size < places.length
}

const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']

/** The value of `listener.security.protocol.map`: listener name → protocol. */
export const protocolMap: ValueType<ReadonlyMap<string, string>> = {
  name: 'STRING',
  expected: `NAME:PROTOCOL, or several separated by commas; the protocols are ${PROTOCOLS.join(', ')}`,
  parse: text => {
    const pairs = text.split(',').map(pair => pair.trim().toUpperCase().split(':'))
    const isMap = pairs.every(([name, protocol, more]) => name && PROTOCOLS.includes(protocol ?? '') && more === undefined)
    return isMap && new Set(pairs.map(([name]) => name)).size === pairs.length ? new Map(pairs as [string, string][]) : undefined
  },
}
