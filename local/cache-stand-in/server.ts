import { createServer, type Server, type Socket } from 'node:net'
import { execute } from './execute.ts'
import { ProtocolError, RespReader } from './resp-reader.ts'
import { encode } from './resp-writer.ts'
import { Session } from './session.ts'
import { Store } from './store.ts'

const MAX_CLIENTS = 1_000
/** A client that does not read its answers is cut off at this many bytes. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024

export interface StandIn {
  readonly port: number
  stop(): Promise<void>
}

/** Serves RESP on 127.0.0.1. `shutdown` is called when a client asks for it. */
export async function serve(options: { port: number; shutdown: () => void }): Promise<StandIn> {
  const store = await Store.create(options)
  let lastId = 0
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    attend(socket, store, ++lastId)
  })
  await listening(server, options.port)
  return {
    port: options.port,
    stop: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

async function listening(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
}

function attend(socket: Socket, store: Store, id: number): void {
  if (store.sessions.size >= MAX_CLIENTS) return void socket.end('-ERR max number of clients reached\r\n')
  const session = new Session(store.databases, id, `${socket.remoteAddress}:${socket.remotePort}`)
  const reader = new RespReader()
  store.sessions.add(session)
  socket.once('close', () => store.sessions.delete(session))
  socket.on('error', () => socket.destroy()) // the peer is gone: nothing to tell, nothing to keep
  socket.on('data', chunk => {
    let answers = '' // no encoding is set: chunks are bytes
    try {
      for (const args of reader.read(chunk as Buffer)) {
        const reply = execute(store, session, args)
        answers += encode(reply, session.protocol)
        if (session.closing) break
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      answers += `-ERR Protocol error: ${error.message}\r\n`
      session.closing = true
    }
    if (session.closing) return void socket.end(answers, 'latin1')
    socket.write(answers, 'latin1')
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy()
  })
}
