import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

/** Sees every message that passes, and on which client's connection; each is a frame of four bytes of length and that many bytes. */
export interface FrameHooks {
  /** What is sent on instead of a request; undefined: the connection breaks. */
  readonly request?: (frame: Buffer, client: Socket) => Buffer | undefined
  /** What is sent back instead of a response; undefined: the connection breaks and the response is lost. */
  readonly response?: (frame: Buffer, client: Socket) => Buffer | undefined
}

export interface TcpProxy {
  readonly port: number
  /** How many clients are connected. */
  readonly open: number
  close(): Promise<void>
}

/** A proxy on 127.0.0.1 for protocols of frames (Kafka's), through which a test loses or changes what it wants. */
export async function startTcpProxy(targetPort: number, hooks: FrameHooks): Promise<TcpProxy> {
  const open = new Set<Socket>()
  const clients = new Set<Socket>()
  const server = createServer(client => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
    const target = connect(targetPort, '127.0.0.1')
    const end = () => {
      client.destroy()
      target.destroy()
    }
    for (const socket of [client, target]) {
      open.add(socket)
      socket.on('error', end).on('close', () => {
        open.delete(socket)
        end()
      })
    }
    forward(client, target, frame => (hooks.request ? hooks.request(frame, client) : frame), end)
    forward(target, client, frame => (hooks.response ? hooks.response(frame, client) : frame), end)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return clients.size
    },
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function forward(from: Socket, to: Socket, change: (frame: Buffer) => Buffer | undefined, end: () => void): void {
  let pending = Buffer.alloc(0)
  from.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
      const length = 4 + pending.readInt32BE(0)
      const frame = change(pending.subarray(0, length))
      pending = pending.subarray(length)
      if (frame === undefined) return end()
      to.write(frame)
    }
  })
}
