import type { Socket } from 'node:net'
import type { LeanCall } from './lean-call.ts'

const BY_SOCKET = new WeakMap<Socket, Set<LeanCall>>()

/**
 * The calls of a connection that wait for their answer. They end when the caller goes. One who has closed the connection
 * looks like one who has only ended its own side and waits (`nc -N`): every call is still answered.
 */
export function callsOn(socket: Socket): Set<LeanCall> {
  const known = BY_SOCKET.get(socket)
  if (known !== undefined) return known
  const calls = new Set<LeanCall>()
  const leave = (): void => {
    for (const call of calls) call.leave()
  }
  BY_SOCKET.set(socket, calls)
  socket.once('end', leave).once('close', leave)
  return calls
}
