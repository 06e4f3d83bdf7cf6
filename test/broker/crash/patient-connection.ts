import type { Api } from '../../../broker/wire/api.ts'
import { codecOf } from '../../../broker/wire/api.ts'
import { Reader } from '../../../broker/wire/reader.ts'
import { wait } from '../../../src/runtime/wait.ts'
import { CLOSED, RawConnection, type Received, type Sent } from '../conformance/raw-connection.ts'

const LOOK_EVERY_MS = 5

/** The broker closed the connection: whether it executed the request is unknown. */
class Lost extends Error {
  override readonly name = 'Lost'
}

/** One connection. Once the broker is gone, every call throws `Lost`. */
export class PatientConnection {
  readonly #raw: RawConnection

  constructor(raw: RawConnection) {
    this.#raw = raw
  }

  async ask<A extends Api>(api: A, version: number, request: Sent<A>): Promise<Received<A>> {
    const answer = await this.#raw.ask(api, version, request)
    if (answer === CLOSED) throw new Lost(api.name)
    return answer
  }

  /** Sends without waiting; `next` returns the answers in the same order. */
  send<A extends Api>(api: A, version: number, request: Sent<A>): void {
    this.#raw.send(api, version, request)
  }

  /** The answer to the oldest unanswered request; only for versions without tags in the header. */
  async next<A extends Api>(api: A, version: number): Promise<Received<A>> {
    const frame = await this.#raw.frame()
    if (!frame) throw new Lost(api.name)
    const reader = new Reader(frame)
    reader.int32() // its number
    return codecOf(api, version).response.read(reader) as Received<A>
  }
}

/** Calls `use` with a connection, and again with a new one whenever the broker closes it, until `use` returns. */
export async function throughCrashes<T>(broker: string, use: (connection: PatientConnection) => Promise<T>): Promise<T> {
  for (;;) {
    const raw = await RawConnection.open(broker).catch(() => undefined)
    if (raw === undefined) {
      await wait(LOOK_EVERY_MS)
      continue
    }
    try {
      return await use(new PatientConnection(raw))
    } catch (error) {
      if (!(error instanceof Lost)) throw error
    } finally {
      raw.close()
    }
  }
}
