import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { wait } from '../../src/runtime/wait.ts'

/** Default of `patienceMs`: longer than a busy machine takes, so that only the faults of the history cause retries. */
const PATIENCE_MS = 20_000
const PAUSE_MS = 100
/** A ping that has no answer after this long ends the script. */
const LIMIT_MS = 60_000

export interface PingOptions {
  /** The ping's own time, in ms since the Unix epoch. Default: now. */
  readonly timestampMs?: number
  /** Closes the connection of the first try when its answer begins to arrive: the server has done its work, and the client does not know it. */
  readonly losesAnswer?: boolean
  /** After this time without an answer the client sends the ping again, in ms. */
  readonly patienceMs?: number
}

/** Sends one ping, with the same id and time until it is acknowledged. Returns how many times it was sent. */
export async function sendPing(
  port: () => number,
  { timestampMs = Date.now(), losesAnswer = false, patienceMs = PATIENCE_MS }: PingOptions = {},
): Promise<number> {
  const body = JSON.stringify({ pingId: randomUUID(), timestampMs: String(timestampMs) })
  const deadline = Date.now() + LIMIT_MS
  for (let sent = 1; ; sent++) {
    const isAcknowledged = await tryOnce(port(), body, { losesAnswer: losesAnswer && sent === 1, patienceMs })
    if (isAcknowledged) return sent
    if (Date.now() > deadline) throw new Error(`a ping has no answer after ${LIMIT_MS / 1_000} s and ${sent} tries`)
    await wait(PAUSE_MS)
  }
}

/** Never rejects. */
function tryOnce(
  port: number,
  body: string,
  { losesAnswer, patienceMs }: Pick<Required<PingOptions>, 'losesAnswer' | 'patienceMs'>,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const call = request({ host: '127.0.0.1', port, method: 'POST', path: '/ping.v1.PingService/Ping', headers, agent: false }, answer => {
    if (losesAnswer) return call.destroy()
    answer.resume().once('end', () => resolve(answer.statusCode === 200))
  })
  const patience = setTimeout(() => call.destroy(), patienceMs)
  call.once('error', () => undefined)
  call.once('close', () => {
    clearTimeout(patience)
    resolve(false) // no effect after an acknowledgement
  })
  call.end(body)
  return promise
}
