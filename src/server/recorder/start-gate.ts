import { UnavailableError } from '../../transport/errors.ts'
import type { PingRecorder, RequestedPing } from './ping-recorder.ts'

/** Rejects pings until the database is set up: a queue of them would only grow old. */
export class StartGate implements PingRecorder {
  readonly #recorder: PingRecorder
  #open = false

  constructor(recorder: PingRecorder) {
    this.#recorder = recorder
  }

  open(): void {
    this.#open = true
  }

  record(ping: RequestedPing): Promise<void> {
    if (this.#open) return this.#recorder.record(ping)
    return Promise.reject(starting())
  }

  recordAll(pings: readonly RequestedPing[]): Promise<readonly (Error | undefined)[]> {
    if (this.#open) return this.#recorder.recordAll(pings)
    const error = starting()
    return Promise.resolve(pings.map(() => error))
  }
}

function starting(): UnavailableError {
  return new UnavailableError('the server is starting and waiting for Postgres; try again with the same ping_id')
}
