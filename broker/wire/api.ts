import { compile } from './compile.ts'
import type { Codec, Decoded, Encodable, Shape } from './schema.ts'

/** One request of the protocol with its response, in the versions that this broker supports. */
export interface Api<Req extends Shape = Shape, Res extends Shape = Shape> {
  readonly name: string
  /** The number of the API in requests. */
  readonly key: number
  readonly minVersion: number
  readonly maxVersion: number
  /** The lowest version in ApiVersions. It is lower than `minVersion` where clients expect to see a version that is refused. */
  readonly announcedFrom: number
  /** The first flexible version; `LATEST` + 1 if there is none. */
  readonly flexibleFrom: number
  readonly request: Req
  readonly response: Res
}

export type RequestOf<A> = A extends Api<infer Req> ? Decoded<Req> : never
export type ResponseOf<A> = A extends Api<Shape, infer Res> ? Encodable<Res> : never

export function defineApi<Req extends Shape, Res extends Shape>(api: {
  name: string
  key: number
  versions: readonly [min: number, max: number]
  announcedFrom?: number
  flexibleFrom: number
  request: Req
  response: Res
}): Api<Req, Res> {
  const { name, key, versions, announcedFrom = versions[0], flexibleFrom, request, response } = api
  return { name, key, minVersion: versions[0], maxVersion: versions[1], announcedFrom, flexibleFrom, request, response }
}

/** The encoding of a request body and of a response body in one version. */
export interface ApiCodec {
  readonly request: Codec<unknown, unknown>
  readonly response: Codec<unknown, unknown>
}

const compiled = new Map<string, ApiCodec>()

/** Compiled at the first use. `version` must be a version of the API. */
export function codecOf(api: Api, version: number): ApiCodec {
  const id = `${api.key}/${version}`
  let codec = compiled.get(id)
  if (!codec) {
    const layout = { version, flexible: version >= api.flexibleFrom }
    codec = {
      request: compile(api.request, layout) as ApiCodec['request'],
      response: compile(api.response, layout) as ApiCodec['response'],
    }
    compiled.set(id, codec)
  }
  return codec
}
