import type { JsonObject, Route } from '../../src/transport/http/routes/route.ts'

/** A JSON Schema. */
export type Schema = JsonObject

/** A parameter of a route, as OpenAPI describes it. */
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly required?: boolean
  readonly schema: Schema
}

/** An answer of a route. `schema` names one of the document's schemas. */
export interface Response {
  readonly description: string
  readonly schema: string
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: Schema }>>
}

/** What OpenAPI says about a route. It is written with the route, so that the document cannot differ from it. */
export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly parameters: readonly Parameter[]
  /** By content type. */
  readonly requestBody?: {
    readonly required: boolean
    readonly description: string
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>
  }
  /** By status. */
  readonly responses: Readonly<Record<number, Response>>
}

export interface RestRoute extends Route {
  readonly operation: Operation
}
