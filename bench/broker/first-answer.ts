import { once } from 'node:events'
import { connect } from 'node:net'
import { wait } from '../../src/runtime/wait.ts'

const LOOK_EVERY_MS = 2
/** Metadata, version 1, correlation id 1, no client id, no topics; preceded by the length. */
const REQUEST = Buffer.from('0000000e' + '0003' + '0001' + '00000001' + 'ffff' + '00000000', 'hex')
/** In the answer, after its length and correlation id. */
const BROKER_COUNT_AT = 8
const ANSWER_BYTES = BROKER_COUNT_AT + 4

/** Resolves at the first answer to a Metadata request that names a broker: from then on, clients can work. */
export async function firstAnswer(port: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await namesBroker(port, signal))) await wait(LOOK_EVERY_MS)
  signal.throwIfAborted()
}

async function namesBroker(port: number, signal: AbortSignal): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  try {
    await once(socket, 'connect', { signal })
    socket.write(REQUEST)
    const [answer] = (await once(socket, 'data', { signal })) as [Buffer]
    return answer.length >= ANSWER_BYTES && answer.readInt32BE(BROKER_COUNT_AT) > 0
  } catch {
    return false // not listening yet
  } finally {
    socket.destroy()
  }
}
