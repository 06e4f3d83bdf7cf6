import { STOP_ORDER, type Part, type PartName } from '../part.ts'
import { endStranger, PidFiles } from './pid-files.ts'
import { SupervisedPart, type PartState } from './supervised-part.ts'

export interface SupervisorOptions {
  readonly parts: readonly Part[]
  readonly dataDir: string
  /** Gets each line that a part writes. */
  readonly output: (part: PartName, line: string) => void
  /** Gets what happens to the parts. */
  readonly report: (part: PartName, event: string) => void
}

/** A part that an earlier start left running is asked to end, and killed after this time. */
const LEFTOVER_GRACE_MS = 5_000

/** All parts of Ping as processes: started in order, kept running, stopped in order. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #pidFiles: PidFiles
  readonly #parts = new Map<PartName, SupervisedPart>()
  readonly #failure = Promise.withResolvers<never>()

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#failure.promise.catch(() => undefined) // it may be rejected when no one waits for it any more
    this.#pidFiles = new PidFiles(options.dataDir)
    for (const part of options.parts) {
      const { name } = part
      const around = {
        pidFiles: this.#pidFiles,
        output: (line: string) => options.output(name, line),
        report: (event: string) => options.report(name, event),
        failed: this.#failure.reject,
      }
      this.#parts.set(name, new SupervisedPart(part, around))
    }
  }

  /** Stops what an earlier start on this data folder has left running, in the usual order. */
  async takeOver(): Promise<void> {
    for (const name of STOP_ORDER) {
      const pid = this.#pidFiles.survivor(name)
      if (pid !== undefined) {
        this.#options.report(name, `still running from an earlier start (pid ${pid}): stopping it`)
        await endStranger(pid, name === 'postgres' ? 'SIGINT' : 'SIGTERM', LEFTOVER_GRACE_MS)
      }
      this.#pidFiles.remove(name)
    }
  }

  /**
   * Postgres, cache and Kafka together; the server as soon as Postgres is ready, and the processor after it, since the
   * server creates the tables. Of those that are run only if asked for, each starts as soon as its store is ready. Resolves
   * when all are ready; rejects as soon as one cannot start.
   */
  async start(): Promise<void> {
    const inTurn = async (...names: readonly PartName[]) => {
      for (const name of names) await this.#startPart(name)
    }
    const [postgres, kafka] = [this.#startPart('postgres'), this.#startPart('kafka')]
    await Promise.all([
      this.#startPart('cache'),
      kafka.then(() => inTurn('pong')),
      postgres.then(() => inTurn('server', 'processor')),
      postgres.then(() => inTurn('semaphore')),
    ])
  }

  /** Rejects when a part cannot run and is not tried again; never resolves. */
  get failed(): Promise<never> {
    return this.#failure.promise
  }

  /** Undefined for a part that is not one of these. */
  stateOf(name: PartName): PartState | undefined {
    return this.#parts.get(name)?.state
  }

  /** One after the other, in STOP_ORDER. */
  async stop(): Promise<void> {
    for (const name of STOP_ORDER) await this.#parts.get(name)?.stop()
  }

  /** kill -9 of everything at once. */
  async force(): Promise<void> {
    await Promise.all([...this.#parts.values()].map(part => part.force()))
  }

  async #startPart(name: PartName): Promise<void> {
    await this.#parts.get(name)?.start()
  }
}
