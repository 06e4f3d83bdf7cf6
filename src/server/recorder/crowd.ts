/**
 * Estimates how many callers there are at a time, and so when enough pings have gathered for a batch. Every batch has a fixed
 * cost, in Postgres and here, but pings must not wait for callers that send no more.
 */
export class Crowd {
  #callers = 1

  /** A batch was sent while this many callers waited, including those of batches in flight. */
  sent(callers: number): void {
    this.#callers = Math.max(callers, this.#callers * 0.9)
  }

  /** True if it is time to send the queued pings as a batch. Always true while no batch is in flight. */
  isGathered(queued: number, inFlight: number): boolean {
    return inFlight === 0 || queued * 2 >= this.#callers
  }
}
