import { Loop } from '../../src/runtime/loop.ts'
import { Backoff } from '../../src/runtime/retry.ts'
import { wait } from '../../src/runtime/wait.ts'
import type { HandOver } from '../store/hand-over.ts'
import type { RelayOptions } from './relay-options.ts'
import { RelaySession } from './relay-session.ts'

/** After a session of this duration, the pauses before new sessions start short again. */
const STABLE_AFTER_MS = 5_000

/**
 * Publishes the outboxes of the lanes whose relay lock this instance holds, in order. Any failure of Postgres ends the session; the next
 * one starts with nothing in memory.
 */
export class Relay extends Loop {
  readonly #options: RelayOptions
  #session: RelaySession | undefined

  constructor(options: RelayOptions) {
    super()
    this.#options = options
  }

  /** This instance has committed these rows; undefined: it is not known which. */
  offer(handOvers: readonly HandOver[] | undefined): void {
    if (handOvers === undefined) this.wake()
    else this.#session?.offer(handOvers)
  }

  /** This instance has committed rows, which have to be read. */
  wake(): void {
    this.#session?.wake()
  }

  /** Publishes what is committed, if Kafka accepts it, and releases the lanes. */
  override async stop(): Promise<void> {
    this.#session?.stop()
    await super.stop()
    await this.#options.publisher.stop()
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    const { log, metrics, openOutbox } = this.#options
    const pause = new Backoff(100, 1_000)
    while (!signal.aborted) {
      const openedMs = performance.now()
      try {
        this.#session = new RelaySession(await openOutbox(() => this.#session?.look()), this.#options)
        if (signal.aborted) this.#session.stop()
        await this.#session.run()
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'relay: the session ended, starting a new one')
        if (performance.now() - openedMs > STABLE_AFTER_MS) pause.reset()
        await wait(pause.next(), signal)
      } finally {
        this.#session = undefined
        metrics.lanesHeld(0)
      }
    }
  }
}
