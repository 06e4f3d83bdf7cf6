import { createServer, type Server, type Socket } from 'node:net'
import { Connection } from './connection.ts'
import { MAX_CLIENTS, MAX_CLIENTS_BYTES } from './limits.ts'
import { Store } from './store.ts'

export interface StandIn {
  readonly port: number
  stop(): Promise<void>
}

export interface ServeOptions {
  readonly port: number
  /** Called when a client asks for a shutdown. */
  readonly shutdown: () => void
  readonly log: (line: string) => void
}

/** A refused socket may stay open until the peer has read the reason, up to this many. */
const MAX_LINGERING = 100

/** Serves RESP on 127.0.0.1. */
export async function serve(options: ServeOptions): Promise<StandIn> {
  const store = new Store(options)
  const connections = new Set<Connection>()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy()) // the peer is gone
    if (connections.size >= MAX_CLIENTS) return refuse(socket)
    const connection = new Connection(socket, store, () => disconnectTheLargest(connections))
    connections.add(connection)
    socket.once('close', () => connections.delete(connection))
  })
  server.maxConnections = MAX_CLIENTS + MAX_LINGERING
  await listening(server, options.port)
  server.on('error', error => store.warn('accept', `cannot accept a client: ${error.message}`)) // for example, too many open files: the others go on
  return {
    port: options.port,
    stop: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function refuse(socket: Socket): void {
  socket.write('-ERR max number of clients reached\r\n')
  socket.destroySoon()
}

async function listening(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** As Redis does with `maxmemory-clients`: without it, the others fit again. */
function disconnectTheLargest(connections: ReadonlySet<Connection>): void {
  const sizes = [...connections].map(connection => ({ connection, bytes: connection.heldBytes }))
  const all = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  if (all <= MAX_CLIENTS_BYTES) return
  const largest = sizes.reduce((one, other) => (other.bytes > one.bytes ? other : one))
  largest.connection.hangUp(
    'too much together',
    `all clients together hold ${all} bytes, more than ${MAX_CLIENTS_BYTES}; this one holds the most, ${largest.bytes}`,
  )
}
