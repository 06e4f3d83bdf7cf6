import { codecOf, type Api } from '../wire/api.ts'
import { writeResponseHeader } from '../wire/headers.ts'
import { Writer } from '../wire/writer.ts'

const LENGTH_BYTES = 4

/** The frame of a response. */
export function encodeResponse(api: Api, version: number, correlationId: number, response: unknown): readonly Buffer[] {
  const w = new Writer()
  w.int32(0) // the length, set at the end
  writeResponseHeader(w, api, version, correlationId)
  codecOf(api, version).response.write(w, response)
  const length = w.length - LENGTH_BYTES
  const chunks = w.chunks()
  chunks[0]!.writeInt32BE(length, 0)
  return chunks
}
