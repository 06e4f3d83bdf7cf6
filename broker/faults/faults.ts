import { HangUp, type ErrorCode } from '../errors.ts'
import type { Api } from '../wire/api.ts'
import { errorResponse } from './error-response.ts'

/**
 * A fault that affects one request:
 * `drop` serves it and sends no response; `delay` serves it and responds `ms` later; `close` serves it and closes the connection without a
 * response; `refuse` closes the connection without serving it; `error` does not serve it and responds with the code.
 */
export type Fault =
  | { readonly kind: 'drop' | 'close' | 'refuse' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'error'; readonly code: ErrorCode }

type Served = (handle: () => unknown, request: unknown) => unknown

/** Injected faults, for tests of the clients of a broker. Each affects one request. */
export class Faults {
  readonly #planned = new Map<string, Fault[]>()

  /** Plans a fault for the next request of this API for which none is planned, after `skip` requests without a fault. */
  plan(api: string, fault: Fault, { skip = 0 }: { skip?: number } = {}): void {
    const queue = this.#planned.get(api) ?? []
    for (let index = 0; index < skip; index++) queue.push({ kind: 'delay', ms: 0 })
    queue.push(fault)
    this.#planned.set(api, queue)
  }

  /** Number of planned faults that no request has met yet. */
  get pending(): number {
    return [...this.#planned.values()].reduce((sum, queue) => sum + queue.length, 0)
  }

  /** How to serve the next request of this API; undefined: normally. */
  take(api: Api): Served | undefined {
    if (this.#planned.size === 0) return undefined
    const queue = this.#planned.get(api.name)
    const fault = queue?.shift()
    if (queue?.length === 0) this.#planned.delete(api.name)
    return fault && serving(api, fault)
  }
}

function serving(api: Api, fault: Fault): Served {
  switch (fault.kind) {
    case 'drop':
      return async handle => {
        await handle()
        return undefined
      }
    case 'close':
      return async handle => {
        await handle()
        throw new HangUp('planned fault: close')
      }
    case 'refuse':
      return () => {
        throw new HangUp('planned fault: refuse')
      }
    case 'delay':
      return async handle => {
        const response = await handle()
        if (fault.ms > 0) await new Promise(resolve => setTimeout(resolve, fault.ms))
        return response
      }
    case 'error':
      return (_, request) => errorResponse(api, request, fault.code)
  }
}
