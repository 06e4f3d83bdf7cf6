import { Driver } from '../../../pong/driver/driver.ts'
import { handshakeClientMachine } from '../../../pong/machines/handshake-client.ts'
import { pingMachine } from '../../../pong/machines/ping.ts'

type ClientEvent = keyof typeof handshakeClientMachine.events
type ClientAction = keyof typeof handshakeClientMachine.actions | keyof typeof pingMachine.actions

const ID = 'session'
const LIMIT_MS = 1_000

/** One session of a client, with a clock of its own. */
export class RoundTripClient {
  readonly #driver: Driver<ClientEvent, ClientAction, undefined>
  #nowMs = 0

  constructor(handshake: boolean, perform: (action: ClientAction) => void, onUnexpected: (name: string) => void) {
    this.#driver = new Driver({
      limitMs: LIMIT_MS,
      maxOpen: 1,
      maxSettled: 1,
      nowMs: () => this.#nowMs,
      perform,
      onUnexpected,
    })
    this.#driver.begin(ID, handshake ? handshakeClientMachine : pingMachine, undefined)
  }

  get state(): string {
    return this.#driver.find(ID)?.session.state ?? 'over'
  }

  fire(event: Exclude<ClientEvent, 'timeout'>): void {
    const entry = this.#driver.find(ID)
    if (entry) this.#driver.fire(entry, event)
  }

  timeOut(): void {
    this.#nowMs = this.#driver.nextDeadlineMs ?? this.#nowMs
    this.#driver.tick()
  }
}
