import type { Socket } from 'node:net'
import { codecOf } from '../../../../broker/wire/api.ts'
import { APIS } from '../../../../broker/wire/apis.ts'
import { readHeader, writeResponseHeader } from '../../../../broker/wire/headers.ts'
import { Reader } from '../../../../broker/wire/reader.ts'
import { apiVersions, metadata } from '../../../../broker/wire/tables/index.ts'
import { Writer } from '../../../../broker/wire/writer.ts'
import { startTcpProxy } from '../../../support/tcp-proxy.ts'
import type { Exchange } from './recorded-file.ts'

const LENGTH_BYTES = 4
/** Older responses name no controller, without which Java and kafkajs do nothing. */
const MIN_METADATA = 1
const HOST = Buffer.from('127.0.0.1')

export interface Recorder {
  readonly port: number
  readonly exchanges: readonly Exchange[]
  close(): Promise<void>
}

/**
 * A proxy between clients and an Apache Kafka that records their exchanges in the versions that this broker supports. It announces only these
 * versions to clients; with a `level` below 1, only the lower ones, so that clients use versions that they would not choose.
 */
export async function startRecorder(kafkaPort: number, level: number): Promise<Recorder> {
  const exchanges: Exchange[] = []
  const waiting = new Map<Socket, Map<number, Buffer>>()
  const proxy = await startTcpProxy(kafkaPort, {
    request: (frame, client) => {
      const requests = waiting.get(client) ?? new Map<number, Buffer>()
      waiting.set(client, requests.set(frame.readInt32BE(8), frame.subarray(LENGTH_BYTES)))
      return frame
    },
    response: (frame, client) => {
      const response = frame.subarray(LENGTH_BYTES)
      const request = waiting.get(client)?.get(response.readInt32BE(0))
      if (!request) return frame
      const { apiKey, apiVersion } = readHeader(new Reader(request))
      const api = APIS.find(({ key }) => key === apiKey)
      if (!api || apiVersion < api.minVersion || apiVersion > api.maxVersion) return frame
      exchanges.push({ api: api.name, version: apiVersion, request: Buffer.from(request), response: Buffer.from(response) })
      return framed(apiKey === apiVersions.key ? restricted(response, apiVersion, level) : withPort(response, kafkaPort, proxy.port))
    },
  })
  return { port: proxy.port, exchanges, close: proxy.close }
}

function framed(response: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeInt32BE(response.length)
  return Buffer.concat([length, response])
}

/** The versions that Kafka announces and that this broker supports too. */
function restricted(response: Buffer, version: number, level: number): Buffer {
  const { response: codec } = codecOf(apiVersions, version)
  const answer = codec.read(new Reader(response, LENGTH_BYTES)) as { apiKeys: { apiKey: number; minVersion: number; maxVersion: number }[] }
  const apiKeys = answer.apiKeys.flatMap(entry => {
    const api = APIS.find(({ key }) => key === entry.apiKey)
    if (!api) return entry.apiKey >= 24 && entry.apiKey <= 28 ? [entry] : []
    const [from, to] = [Math.max(api.announcedFrom, entry.minVersion), Math.min(api.maxVersion, entry.maxVersion)]
    const min = Math.max(from, api.minVersion, api === metadata ? MIN_METADATA : 0)
    return [{ apiKey: entry.apiKey, minVersion: from, maxVersion: min + Math.floor((to - min) * level) }]
  })
  const w = new Writer()
  writeResponseHeader(w, apiVersions, version, response.readInt32BE(0))
  codec.write(w, { ...answer, apiKeys, supportedFeatures: [], finalizedFeatures: [], finalizedFeaturesEpoch: -1n })
  return w.toBuffer()
}

/** Replaces the address of Kafka with that of the proxy. */
function withPort(response: Buffer, from: number, to: number): Buffer {
  const changed = Buffer.from(response)
  const [old, fresh] = [Buffer.concat([HOST, Buffer.alloc(4)]), Buffer.alloc(4)]
  old.writeInt32BE(from, HOST.length)
  fresh.writeInt32BE(to)
  for (let at = changed.indexOf(old); at >= 0; at = changed.indexOf(old, at + 1)) fresh.copy(changed, at + HOST.length)
  return changed
}
