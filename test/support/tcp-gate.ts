import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** What becomes of a new connection: forwarded, accepted and never answered, or forwarded once the promise resolves. */
export type Passage = 'through' | 'silent' | Promise<void>

export interface TcpGate {
  readonly port: number
  /** How many connections it has accepted. */
  accepted(): number
  /** How many of its clients are connected now. */
  open(): number
  /** For the connections to come, the number of each given: the first ever is 0. */
  let(passage: (number: number) => Passage): void
  /** What is connected now gets no answer any more and no end, as from a host that is gone. */
  freeze(): void
  close(): Promise<void>
}

/** A way to a server on this machine that a test can make silent, as the network does in a failover. */
export async function startTcpGate(targetPort: number): Promise<TcpGate> {
  const clients = new Map<Socket, Socket | undefined>()
  let accepted = 0
  let passage: (number: number) => Passage = () => 'through'
  const forward = (client: Socket): void => {
    if (!clients.has(client)) return
    const target = connect(targetPort, '127.0.0.1')
    clients.set(client, target)
    target.on('error', () => undefined).on('close', () => clients.get(client) === target && client.destroy())
    client.pipe(target)
    target.pipe(client)
  }
  const server = createServer(client => {
    clients.set(client, undefined)
    client
      .on('error', () => undefined)
      .on('close', () => {
        clients.get(client)?.destroy()
        clients.delete(client)
      })
    const way = passage(accepted++)
    if (way === 'silent') client.resume()
    else if (way === 'through') forward(client)
    else void way.then(() => forward(client))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    open: () => clients.size,
    let: next => (passage = next),
    freeze: () => {
      for (const [client, target] of clients) {
        if (!target) continue
        clients.set(client, undefined)
        client.unpipe(target).resume()
        target.unpipe(client).destroy()
      }
    },
    close: async () => {
      for (const client of clients.keys()) client.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
