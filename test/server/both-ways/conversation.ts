import { createConnection } from 'node:net'
import type { Way } from './ports.ts'

/** Bytes to send, in one TCP segment if possible; or an action between them. */
export type Step = string | Buffer | { readonly until: RegExp } | { readonly pauseMs: number } | 'end' | 'cut'

/** The result of a conversation with one port. */
export interface Outcome {
  /** The answers, without the parts that differ from run to run. */
  readonly answer: string
  readonly fate: 'closed' | 'reset' | 'left'
  readonly seen: readonly string[]
}

/** After this many ms without an answer, the caller ends its side of the connection. A busy machine answers late. */
const QUIET_MS = 3_000
/** The test fails if the connection is still open after this many ms. */
const GIVE_UP_MS = 45_000
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** The last request of a connection. It shows that the earlier ones left it open. */
export const LAST = 'GET /livez HTTP/1.1\r\nhost: last\r\nconnection: close\r\n\r\n'

/** Holds the conversation with a port until the port closes the connection. */
export async function converse(way: Way, steps: readonly Step[], quietMs = QUIET_MS): Promise<Outcome> {
  const socket = createConnection({ port: way.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  let answer = ''
  let fate: Outcome['fate'] = 'closed'
  const heard: (() => void)[] = []
  const closed = Promise.withResolvers<void>()
  let quiet: NodeJS.Timeout | undefined
  const listen = (): void => {
    clearTimeout(quiet)
    quiet = setTimeout(() => socket.end(), quietMs)
    for (const wake of heard.splice(0)) wake()
  }
  socket.on('data', (bytes: Buffer) => {
    answer += bytes.toString('latin1')
    listen()
  })
  socket
    .on('error', () => (fate = 'reset'))
    .on('end', () => socket.end())
    .on('close', () => {
      clearTimeout(quiet)
      closed.resolve()
      for (const wake of heard.splice(0)) wake()
    })
  const giveUp = setTimeout(() => socket.destroy(new Error('still open')), GIVE_UP_MS)
  for (const step of steps) {
    if (socket.destroyed) break
    if (step === 'end') socket.end()
    else if (step === 'cut') {
      fate = 'left'
      socket.destroy()
    } else if (typeof step === 'string' || Buffer.isBuffer(step))
      await new Promise(resolve => socket.write(step, 'latin1', () => setImmediate(resolve)))
    else if ('until' in step) while (!step.until.test(answer) && !socket.destroyed) await new Promise<void>(resolve => heard.push(resolve))
    else await new Promise(resolve => setTimeout(resolve, step.pauseMs))
  }
  listen()
  await closed.promise
  clearTimeout(giveUp)
  while (way.http.inFlight() > 0 && fate === 'left') await new Promise(resolve => setTimeout(resolve, 5))
  return { answer: steady(answer, way.port, steps), fate, seen: way.seen() }
}

function steady(answer: string, port: number, steps: readonly Step[]): string {
  const sent = steps
    .filter(step => typeof step === 'string' || Buffer.isBuffer(step))
    .map(String)
    .join('')
    .toLowerCase()
  const plain = answer.replace(/^date: .*\r$/gim, 'date: now\r').replaceAll(`:${port}`, ':port')
  return plain.replace(UUID, id => (sent.includes(id) ? id : 'made-by-the-server'))
}
