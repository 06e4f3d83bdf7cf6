import { connect as connectPlain, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'
import { parseAddress } from '../runtime/address.ts'

const KEEP_ALIVE_DELAY_MS = 60_000

/**
 * kafkajs 2.2.4 splits a broker of its list at the first colon, which destroys an IPv6 address. So it gets such an address with
 * tildes, which no address contains, and `hostOf` restores the colons. Addresses from brokers' metadata need no such change.
 */
export function kafkajsBroker(broker: string): string {
  const address = parseAddress(broker)
  return address?.host.includes(':') ? `[${address.host.replaceAll(':', '~')}]:${address.port}` : broker
}

/** The host of a broker in kafkajs' form. */
export function hostOf(given: string): string {
  return given.startsWith('[') ? given.slice(1, -1).replaceAll('~', ':') : given
}

export const socketFactory: ISocketFactory = ({ host: given, port, ssl, onConnect }) => {
  const host = hostOf(given)
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect)
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS)
  return socket
}
