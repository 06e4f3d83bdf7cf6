import { createServer, Server, type AddressInfo } from 'node:net'
import { InUseError, SettingsError } from './settings.ts'

export interface ListenOptions {
  /** 0: any free port. */
  readonly port: number
  /** Addresses to listen on, the same port on each; undefined: all, of IPv4 and IPv6. */
  readonly hosts?: readonly (string | undefined)[] | undefined
  /** Addresses that are skipped if the machine does not have them, unless they are first. Default: the IPv6 localhost. */
  readonly mayBeMissing?: readonly (string | undefined)[]
  /** The setting of the port, for the message if the port is in use. */
  readonly portSetting: string
  /** The setting of the addresses, likewise. Default: HOST. */
  readonly hostSetting?: string
}

/** The addresses on which a server accepts connections. */
export interface Listening {
  readonly port: number
  /** Each as host:port. */
  readonly addresses: readonly string[]
  /** The number of open connections. */
  connections(): Promise<number>
  /** Stops accepting connections. Open ones are not affected; resolves when they have ended. */
  close(): Promise<void>
}

/** A port that is free on one address may be in use on the next. */
const TRIES = 5

/** Resolves when the server accepts connections on every address. Throws `SettingsError` if another port or address would help. */
export async function listen(server: Server, options: ListenOptions): Promise<Listening> {
  for (let triesLeft = options.port === 0 ? TRIES : 1; ; triesLeft--) {
    const opened: Server[] = []
    try {
      await openAll(server, options, opened)
      return listeningOn(opened)
    } catch (error) {
      await Promise.all(opened.map(close))
      if (triesLeft === 1 || !(error instanceof InUseError)) throw error
    }
  }
}

async function openAll(server: Server, options: ListenOptions, opened: Server[]): Promise<void> {
  const { hosts = [undefined], mayBeMissing = ['::1'] } = options
  let { port } = options
  for (const host of hosts) {
    const door = opened.length === 0 ? server : doorTo(server)
    try {
      port = await open(door, port, host, hosts)
      opened.push(door)
    } catch (error) {
      const isMissing = mayBeMissing.includes(host) && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error))
      if (!isMissing || opened.length === 0) throw explained(error as Error, host, options)
    }
  }
}

function open(door: Server, port: number, host: string | undefined, hosts: readonly unknown[]): Promise<number> {
  return new Promise((resolve, reject) => {
    door.once('error', reject)
    // Alone, `::` includes IPv4.
    door.listen({ port, ...(host === undefined ? {} : { host }), ipv6Only: host === '::' && hosts.length > 1 }, () => {
      door.removeListener('error', reject)
      resolve((door.address() as AddressInfo).port)
    })
  })
}

/** Another listening socket, whose connections are handled like those of the server itself. Like all our servers, it allows half-open connections. */
function doorTo(server: Server): Server {
  const door = createServer({ allowHalfOpen: true, noDelay: true }, socket => server.emit('connection', socket))
  return door.once('listening', () => door.on('error', error => server.emit('error', error)))
}

function listeningOn(doors: readonly Server[]): Listening {
  const places = doors.map(door => door.address() as AddressInfo)
  return {
    port: places[0]?.port ?? 0,
    addresses: places.map(({ address, family, port }) => `${family === 'IPv6' ? `[${address}]` : address}:${port}`),
    connections: async () => (await Promise.all(doors.map(connectionsOf))).reduce((sum, count) => sum + count, 0),
    close: async () => void (await Promise.all(doors.map(close))),
  }
}

function connectionsOf(door: Server): Promise<number> {
  return new Promise((resolve, reject) => door.getConnections((error, count) => (error ? reject(error) : resolve(count))))
}

function close(door: Server): Promise<void> {
  // The method of net, not of http, which would cut idle connections for which a request may be on its way.
  return new Promise(resolve => Server.prototype.close.call(door, () => resolve()))
}

function explained(error: Error, host: string | undefined, { port, hosts = [], portSetting, hostSetting = 'HOST' }: ListenOptions): Error {
  const where = hosts.length > 1 ? ` on ${host}` : ''
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new InUseError(`${portSetting}: got ${port}, which is in use${where}, expected a free port`, { cause: error })
    case 'EACCES':
      return new SettingsError(`${portSetting}: got ${port}, which this user may not listen on, expected another, such as one above 1023`, {
        cause: error,
      })
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL': // such as a link-local address without its interface: fe80::1 instead of fe80::1%eth0
    case 'ENOTFOUND':
      return new SettingsError(`${hostSetting}: got ${JSON.stringify(host)}, expected an address of this machine`, { cause: error })
    default:
      return error
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? ''
}
