import { codecOf, type Api } from '../../../broker/wire/api.ts'
import { APIS } from '../../../broker/wire/apis.ts'
import { Reader } from '../../../broker/wire/reader.ts'
import type { Codec, Layout, Shape } from '../../../broker/wire/schema.ts'
import { Writer } from '../../../broker/wire/writer.ts'

/** One body: a request or a response in one version. */
export interface Message {
  /** The name in tests: `Fetch v4 request`. */
  readonly title: string
  readonly shape: Shape
  readonly layout: Layout
  readonly codec: Codec<any>
}

/** All requests and responses of an API, in all supported versions. */
export function messagesOf(api: Api): Message[] {
  const messages: Message[] = []
  for (let version = api.minVersion; version <= api.maxVersion; version++) {
    const layout = { version, flexible: version >= api.flexibleFrom }
    for (const side of ['request', 'response'] as const) {
      messages.push({ title: `${api.name} v${version} ${side}`, shape: api[side], layout, codec: codecOf(api, version)[side] })
    }
  }
  return messages
}

/** For `test.each`: the APIs by name. */
export const NAMED_APIS = APIS.map(api => ({ name: api.name, api }))

export function encode({ codec }: Pick<Message, 'codec'>, value: unknown): Buffer {
  const writer = new Writer()
  codec.write(writer, value)
  return Buffer.from(writer.toBuffer())
}

/** Throws if bytes remain. */
export function decode({ codec }: Pick<Message, 'codec'>, bytes: Buffer): unknown {
  const reader = new Reader(bytes)
  const value = codec.read(reader)
  if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes were not read`)
  return value
}
