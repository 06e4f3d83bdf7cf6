/**
 * How many callers there are at a time, and so when enough of them have gathered for a batch: each batch costs Postgres and us a
 * fixed part, but the pings of callers that are not coming must not be waited for.
 */
export class Crowd {
  #callers = 1

  /** A batch was sent while so many callers waited, those of batches in flight included. */
  sent(callers: number): void {
    this.#callers = Math.max(callers, this.#callers * 0.9)
  }

  /** True if a batch of the queued pings is worth while. With none in flight, always. */
  isGathered(queued: number, inFlight: number): boolean {
    return inFlight === 0 || queued * 2 >= this.#callers
  }
}
