import type { Faults } from '../faults/faults.ts'
import { codecOf, type Api } from '../wire/api.ts'
import { readClientId, readHeader } from '../wire/headers.ts'
import { Reader } from '../wire/reader.ts'
import { WireError } from '../wire/wire-error.ts'
import { refuseVersion } from './api-versions.ts'
import { encodeResponse } from './encode-response.ts'
import type { Call } from './handler.ts'
import type { Route } from './route.ts'

export interface DispatcherOptions {
  readonly routes: readonly Route[]
  readonly faults: Faults
  /** Called for every request that was served; `response` is undefined if none is sent. */
  readonly served: (api: Api, durationMs: number, response: unknown) => void
}

type Chunks = readonly Buffer[] | undefined
type ConnectionCall = Omit<Call, 'version' | 'clientId'>

/** Turns the bytes of a request into the bytes of its response. */
export class Dispatcher {
  readonly #routes: ReadonlyMap<number, Route>
  readonly #options: DispatcherOptions

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#routes = new Map(options.routes.map(route => [route.api.key, route]))
  }

  /** The frame of the response in pieces; undefined: no response. Throws or rejects if the connection must be closed. */
  dispatch(frame: Buffer, call: ConnectionCall): Chunks | Promise<Chunks> {
    const startedAt = performance.now()
    const r = new Reader(frame)
    const { apiKey, apiVersion: version, correlationId } = readHeader(r)
    const route = this.#routes.get(apiKey)
    if (route === undefined) throw new WireError(`got a request with API key ${apiKey}, which is not supported`)
    const { api } = route
    if (version < api.minVersion || version > api.maxVersion) return refuseVersion(api, version, correlationId)
    const clientId = readClientId(r, api, version)
    // Bytes after a request are ignored, as in Kafka: librdkafka sends some.
    const request: unknown = codecOf(api, version).request.read(r)
    const encode = (response: unknown): Chunks => {
      this.#options.served(api, performance.now() - startedAt, response)
      return response === undefined ? undefined : encodeResponse(api, version, correlationId, response)
    }
    const fault = this.#options.faults.take(api)
    const handle = (): unknown => route.handle(request as never, { ...call, version, clientId })
    const response = fault === undefined ? handle() : fault(handle, request)
    return response instanceof Promise ? response.then(encode) : encode(response)
  }
}
