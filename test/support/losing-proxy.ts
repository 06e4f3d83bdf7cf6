import { startTcpProxy } from './tcp-proxy.ts'

/** The api key of requests to produce. */
const PRODUCE = 0

export interface LosingProxy extends AsyncDisposable {
  /** 127.0.0.1:<port> */
  readonly brokers: string
  /** How many responses it has lost. */
  readonly lost: number
  /** How many clients are connected. */
  readonly open: number
  /** From now on asked for each request to produce; true: the broker does what is asked, and its response is lost with the connection. */
  lose(isLost: () => boolean): void
  close(): Promise<void>
}

/** A proxy to a broker at 127.0.0.1, through which a test loses responses to producers. */
export async function startLosingProxy(port: number): Promise<LosingProxy> {
  const waiting = new Set<number>()
  const ours = Buffer.concat([Buffer.from([0, 9]), Buffer.from('127.0.0.1'), portBytes(port)])
  let lost = 0
  let isLost = () => false
  const proxy = await startTcpProxy(port, {
    request: frame => {
      if (frame.readInt16BE(4) === PRODUCE && isLost()) waiting.add(frame.readInt32BE(8))
      return frame
    },
    response: frame => {
      if (waiting.delete(frame.readInt32BE(4))) return void lost++
      return readdressed(frame, ours, proxy.port)
    },
  })
  return {
    brokers: `127.0.0.1:${proxy.port}`,
    get lost() {
      return lost
    },
    get open() {
      return proxy.open
    },
    lose: next => (isLost = next),
    close: () => proxy.close(),
    [Symbol.asyncDispose]: () => proxy.close(),
  }
}

/** The broker's address in the metadata becomes the proxy's, which is as long. */
function readdressed(frame: Buffer, ours: Buffer, port: number): Buffer {
  const changed = Buffer.from(frame)
  for (let at = changed.indexOf(ours); at >= 0; at = changed.indexOf(ours, at + 1)) portBytes(port).copy(changed, at + ours.length - 4)
  return changed
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(port)
  return bytes
}
