import { UnavailableError } from '../../src/transport/errors.ts'
import { InvalidInputError } from '../../src/transport/rpc/invalid-input.ts'
import {
  PageTokenError,
  type CommandDetail,
  type CommandView,
  type Page,
  type PageRequest,
  type ResourceDetail,
  type ResourceView,
  type SemaphoreReads,
} from '../terms/reads.ts'
import { unknownCommand } from './refused-error.ts'
import { UnknownResourceError } from './unknown-resource-error.ts'

/** What callers can read, the same for RPC and REST: throws errors that callers get. */
export class SemaphoreQuestions {
  readonly #reads: SemaphoreReads

  constructor(reads: SemaphoreReads) {
    this.#reads = reads
  }

  async resource(id: string): Promise<ResourceDetail> {
    const found = await read(this.#reads.resource(id))
    if (found === undefined) throw new UnknownResourceError(id)
    return found
  }

  async command(id: string): Promise<CommandDetail> {
    const found = await read(this.#reads.command(id))
    if (found === undefined) throw unknownCommand(id, undefined)
    return found
  }

  resources(page: PageRequest): Promise<Page<ResourceView>> {
    return read(this.#reads.resources(page))
  }

  /** Throws for an unknown resource too, so that a mistyped id does not look like an empty queue. */
  async queue(id: string, page: PageRequest): Promise<Page<CommandView>> {
    const queue = await read(this.#reads.queue(id, page))
    if (queue.items.length === 0 && page.after === undefined) await this.resource(id)
    return queue
  }
}

async function read<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof PageTokenError) throw new InvalidInputError(error.message, { cause: error })
    throw new UnavailableError('Postgres does not answer; try again', { cause: error })
  }
}
