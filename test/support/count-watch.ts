import { wait } from '../../src/runtime/wait.ts'
import { PingCaller } from './call-ping.ts'

/** One answer of PingCount; times by performance.now(). */
export interface CountSample {
  readonly url: string
  /** Which run of the server answered; undefined if it ended in between. */
  readonly life: number | undefined
  readonly strong: boolean
  readonly beganMs: number
  readonly endedMs: number
  readonly count: number
  readonly source: string
  readonly ageMs: number
}

/** A server whose counts are read all the time. */
export interface Watched {
  readonly url: string
  readonly lives: number
}

const EVERY_MS = 15
const STRONG_EVERY = 4
const TIMEOUT_MS = 8_000

/** Reads every server's total all the time, one read after the other on each; every fourth is strong. */
export class CountWatch {
  readonly samples: CountSample[] = []
  readonly #caller = new PingCaller()
  readonly #stopping = new AbortController()
  readonly #readers: readonly Promise<void>[]

  constructor(servers: readonly Watched[]) {
    this.#readers = servers.map(server => this.#read(server))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#readers)
    this.#caller.close()
  }

  async #read(server: Watched): Promise<void> {
    for (let number = 0; !this.#stopping.signal.aborted; number++) {
      const sample = await readTotal(this.#caller, server, number % STRONG_EVERY === 0)
      if (sample) this.samples.push(sample)
      await wait(EVERY_MS, this.#stopping.signal)
    }
  }
}

/** Undefined if the server does not answer with a count. */
export async function readTotal(caller: PingCaller, server: Watched, strong: boolean): Promise<CountSample | undefined> {
  const { url, lives } = server
  const beganMs = performance.now()
  const answer = await caller.call(url, 'PingCount', strong ? { consistency: 'CONSISTENCY_STRONG' } : {}, TIMEOUT_MS)
  if (answer.kind === 'nothing' || answer.status !== 200) return undefined
  const { headers, json } = answer
  return {
    url,
    strong,
    beganMs,
    endedMs: performance.now(),
    life: server.lives === lives ? lives : undefined,
    count: Number(json.pingCount ?? 0),
    source: String(headers['ping-count-source']),
    ageMs: Number(headers['ping-count-age-ms']),
  }
}
