import { MAX_REPLY_BYTES } from './limits.ts'
import type { Reply } from './reply.ts'

export type Protocol = 2 | 3

/** The reply is longer than any may be: the connection ends. */
export class ReplyTooLong extends Error {
  override readonly name = 'ReplyTooLong'
}

const PIECE_BYTES = 64 * 1024

/** Collects replies as the bytes of RESP, in pieces, so that no long text has to be put together. */
export class RespWriter {
  #text = ''
  #pieces: Buffer[] = []
  #replyBytes = 0

  /** Throws ReplyTooLong, whatever the reply is made of: one long value named a thousand times is short until it is written. */
  write(reply: Reply, protocol: Protocol): void {
    this.#replyBytes = 0
    this.#add(reply, protocol)
  }

  /** True when there is enough to be worth sending. */
  get hasPiece(): boolean {
    return this.#pieces.length > 0
  }

  /** What was written since the last time. */
  take(): readonly Buffer[] {
    this.#endPiece()
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }

  #add(reply: Reply, protocol: Protocol): void {
    if (reply === null) this.#put(protocol === 3 ? '_\r\n' : '$-1\r\n')
    else if (typeof reply === 'string') this.#putLong(`$${reply.length}\r\n`, reply)
    else if (typeof reply === 'number' || typeof reply === 'bigint') this.#put(`:${reply}\r\n`)
    else if ('status' in reply) this.#put(`+${oneLine(reply.status)}\r\n`)
    else if ('error' in reply) this.#put(`-${oneLine(reply.error)}\r\n`)
    else if ('report' in reply) this.#addReport(reply.report, protocol)
    else if ('noArray' in reply) this.#put(protocol === 3 ? '_\r\n' : '*-1\r\n')
    else if ('pairs' in reply)
      this.#addAll(reply.pairs, protocol === 3 ? `%${reply.pairs.length / 2}\r\n` : `*${reply.pairs.length}\r\n`, protocol)
    else this.#addAll(reply, `*${reply.length}\r\n`, protocol)
  }

  #addAll(replies: readonly Reply[], head: string, protocol: Protocol): void {
    this.#put(head)
    for (const reply of replies) this.#add(reply, protocol)
  }

  #addReport(text: string, protocol: Protocol): void {
    if (protocol === 3) this.#putLong(`=${text.length + 4}\r\ntxt:`, text)
    else this.#putLong(`$${text.length}\r\n`, text)
  }

  #putLong(head: string, text: string): void {
    this.#put(head)
    this.#put(text)
    this.#put('\r\n')
  }

  #put(text: string): void {
    this.#replyBytes += text.length
    if (this.#replyBytes > MAX_REPLY_BYTES) throw new ReplyTooLong(`a reply of more than ${MAX_REPLY_BYTES} bytes`)
    this.#text += text
    if (this.#text.length >= PIECE_BYTES) this.#endPiece()
  }

  #endPiece(): void {
    if (this.#text !== '') this.#pieces.push(Buffer.from(this.#text, 'latin1'))
    this.#text = ''
  }
}

/** A simple string or an error ends at the first line break. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ')
}
