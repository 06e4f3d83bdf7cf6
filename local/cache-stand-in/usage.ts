import { MAX_DATA_BYTES, MAX_WORK } from './limits.ts'
import { CommandError } from './reply.ts'

/** The size of the data of all databases, and how much the current command may still read. */
export class Usage {
  bytes = 0
  #workLeft = MAX_WORK

  isFull(moreBytes: number): boolean {
    return this.bytes + moreBytes > MAX_DATA_BYTES
  }

  /** Called before each command of a client; an EXEC is one. */
  beginCommand(): void {
    this.#workLeft = MAX_WORK
  }

  /** Throws CommandError when the command has done too much. */
  spend(steps: number): void {
    this.#workLeft -= steps
    if (this.#workLeft < 0)
      throw new CommandError(
        `ERR too much work for one command of this stand-in for Redis: it would read more than ${MAX_WORK} keys, fields and bytes of patterns`,
      )
  }
}
