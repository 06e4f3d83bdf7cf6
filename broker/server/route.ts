import type { Api } from '../wire/api.ts'
import * as tables from '../wire/tables/index.ts'
import type { Call, Handler } from './handler.ts'

/** An API with its handler. */
export interface Route {
  readonly api: Api
  readonly handle: (request: never, call: Call) => unknown
}

/** A handler for each API, by the name of the API in the index. */
export type Handlers = { readonly [Name in keyof typeof tables]: Handler<(typeof tables)[Name]> }

/** Routes to these handlers, for all or some APIs. */
export function routesTo(handlers: Partial<Handlers>): readonly Route[] {
  return Object.entries<Route['handle']>(handlers).map(([name, handle]) => ({ api: tables[name as keyof typeof tables], handle }))
}
