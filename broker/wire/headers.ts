import type { Api } from './api.ts'
import { compile } from './compile.ts'
import type { Reader } from './reader.ts'
import { nullable, string } from './types.ts'
import type { Writer } from './writer.ts'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  /** Returned in the response. */
  readonly correlationId: number
}

/** The part of a request header that every version has. */
export function readHeader(r: Reader): RequestHeader {
  return { apiKey: r.int16(), apiVersion: r.int16(), correlationId: r.int32() }
}

const clientId = compile({ clientId: nullable(string) }, { version: 1, flexible: false })
const noFields = compile({}, { version: 2, flexible: true })
const API_VERSIONS_KEY = 18

/** The rest of a request header. The client id is never compact, even if tagged fields follow it. */
export function readClientId(r: Reader, api: Api, version: number): string | null {
  const name = clientId.read(r).clientId
  if (version >= api.flexibleFrom) noFields.read(r)
  return name
}

/** The header of an ApiVersions response never has tagged fields: the client may not know yet whether the broker sends them. */
export function writeResponseHeader(w: Writer, api: Api, version: number, correlationId: number): void {
  w.int32(correlationId)
  if (version >= api.flexibleFrom && api.key !== API_VERSIONS_KEY) w.uvarint(0)
}
