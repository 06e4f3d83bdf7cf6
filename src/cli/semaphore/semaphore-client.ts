import { createClient, type CallOptions, type Client } from '@connectrpc/connect'
import { SemaphoreService } from '../../gen/semaphore/v1/semaphore_pb.ts'
import { callUntilAnswered } from '../client/call-until-answered.ts'
import type { Context } from '../context.ts'

export type SemaphoreClient = Client<typeof SemaphoreService>

/** Makes calls to the semaphore, and repeats each until it is answered. Every call may be repeated: a command carries its id. */
export class SemaphoreCaller {
  readonly client: SemaphoreClient
  readonly #context: Context

  constructor(client: SemaphoreClient, context: Context) {
    this.client = client
    this.#context = context
  }

  /** Throws `CliError`. */
  async call<T>(call: (client: SemaphoreClient, options: CallOptions) => Promise<T>): Promise<T> {
    return (await callUntilAnswered(options => call(this.client, options), this.#context)).value
  }
}

/** Runs with a connection to the semaphore, and closes it. */
export async function withSemaphore<T>(context: Context, work: (caller: SemaphoreCaller) => Promise<T>): Promise<T> {
  const { transport, close } = context.connectSemaphore()
  try {
    return await work(new SemaphoreCaller(createClient(SemaphoreService, transport), context))
  } finally {
    close()
  }
}
