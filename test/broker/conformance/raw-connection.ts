import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { codecOf, type Api } from '../../../broker/wire/api.ts'
import { Reader } from '../../../broker/wire/reader.ts'
import type { Decoded, Encodable } from '../../../broker/wire/schema.ts'
import { Writer } from '../../../broker/wire/writer.ts'
import { within } from '../../../src/runtime/wait.ts'

export type Sent<A> = A extends Api<infer Req, any> ? Encodable<Req> : never
export type Received<A> = A extends Api<any, infer Res> ? Decoded<Res> : never

/** The result of `ask` if the broker closes the connection instead of answering. */
export const CLOSED = 'the connection is closed'
const CLIENT_ID = 'conformance'
const API_VERSIONS_KEY = 18
const LENGTH_BYTES = 4
const ANSWER_LIMIT_MS = 20_000

/** One connection on which the script sends exactly what it wants: nothing is retried, negotiated or corrected. */
export class RawConnection {
  readonly #socket: Socket
  readonly #waiting: ((frame: Buffer | undefined) => void)[] = []
  readonly #frames: Buffer[] = []
  #received: Buffer = Buffer.alloc(0)
  #isClosed = false
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', () => undefined) // 'close' follows
    socket.on('close', () => {
      this.#isClosed = true
      for (const resolve of this.#waiting.splice(0)) resolve(undefined)
    })
  }

  static async open(brokers: string): Promise<RawConnection> {
    const [host, port] = brokers.split(':')
    const socket = connect({ host: host ?? '', port: Number(port), noDelay: true })
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Sends a request of this version and reads its answer in `answerVersion`, to the last byte. */
  async ask<A extends Api>(api: A, version: number, request: Sent<A>, answerVersion = version): Promise<Received<A> | typeof CLOSED> {
    const correlationId = this.send(api, version, request)
    const frame = await this.frame()
    if (!frame) return CLOSED
    const reader = new Reader(frame)
    const got = reader.int32()
    if (got !== correlationId) throw new Error(`got the answer to request ${got}, expected ${correlationId}`)
    if (answerVersion >= api.flexibleFrom && api.key !== API_VERSIONS_KEY && reader.uvarint() !== 0)
      throw new Error('got tags in the header of an answer')
    const answer = codecOf(api, answerVersion).response.read(reader) as Received<A>
    if (reader.remaining > 0)
      throw new Error(`the answer to ${api.name} ${answerVersion} has ${reader.remaining} bytes more than its table defines`)
    return answer
  }

  /** Sends a request whose answer, if any, is read by `frame`. Returns its correlation id. */
  send<A extends Api>(api: A, version: number, request: Sent<A>): number {
    const body = new Writer()
    codecOf(api, version).request.write(body, request)
    return this.sendBody({ key: api.key, version, isFlexible: version >= api.flexibleFrom }, body.toBuffer())
  }

  /** Sends any bytes as the body of a request. */
  sendBody({ key, version, isFlexible }: { key: number; version: number; isFlexible: boolean }, body: Buffer): number {
    const correlationId = ++this.#correlationId
    const header = new Writer()
    header.int16(key)
    header.int16(version)
    header.int32(correlationId)
    header.int16(CLIENT_ID.length)
    header.text(CLIENT_ID, CLIENT_ID.length)
    if (isFlexible) header.uvarint(0)
    this.sendFrame(Buffer.concat([header.toBuffer(), body]))
    return correlationId
  }

  sendFrame(frame: Buffer, claimedLength = frame.length): void {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeInt32BE(claimedLength)
    this.#socket.write(Buffer.concat([length, frame]))
  }

  /** The next answer with its header; undefined if the broker has closed the connection. */
  frame(limitMs = ANSWER_LIMIT_MS): Promise<Buffer | undefined> {
    const ready = this.#frames.shift()
    if (ready) return Promise.resolve(ready)
    if (this.#isClosed) return Promise.resolve(undefined)
    const next = new Promise<Buffer | undefined>(resolve => this.#waiting.push(resolve))
    return within(limitMs, `no answer within ${limitMs} ms`, next).catch((error: unknown) => {
      this.close() // a late answer would be mistaken for the next one
      throw error
    })
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    while (this.#received.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#received.readInt32BE(0)
      if (this.#received.length < end) return
      const frame = this.#received.subarray(LENGTH_BYTES, end)
      this.#received = this.#received.subarray(end)
      const waiting = this.#waiting.shift()
      if (waiting) waiting(frame)
      else this.#frames.push(frame)
    }
  }
}
