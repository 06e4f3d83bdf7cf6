import type { RouteExample } from '../explanations.ts'

/** A value of an answer. A bigint becomes a number with all its digits. */
export type JsonValue = string | number | bigint | boolean | null | undefined | readonly JsonValue[] | JsonObject
export type JsonObject = { readonly [name: string]: JsonValue }

/** A request for a route, with its body. */
export interface RouteRequest {
  /** The values of the template's parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The value of a header. Throws `InvalidInputError` if there are several. */
  header(name: string): string | undefined
  readonly body: Uint8Array
}

export interface RouteAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json: JsonObject
}

/** One method of one path, for callers that know only HTTP. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** A path with parameters, such as `/command/{resourceId}`. A parameter is one segment, which may be percent-encoded. */
  readonly path: string
  /** Maximum size of the body, in bytes. */
  readonly maxBodyBytes: number
  /** A request that a reader of an error can send instead. */
  readonly example: Omit<RouteExample, 'method'>
  /** Throws the errors of ../../errors.ts. */
  readonly handle: (request: RouteRequest) => Promise<RouteAnswer>
}

/** Node has JSON.rawJSON; TypeScript's library does not know it yet. */
const { rawJSON: rawJson } = JSON as typeof JSON & { rawJSON(text: string): unknown }

/** One line of JSON. */
export function toJson(json: JsonObject): string {
  return `${JSON.stringify(json, (_, value: unknown) => (typeof value === 'bigint' ? rawJson(String(value)) : value))}\n`
}
