import { MAX_REPLY_BYTES } from './limits.ts'
import type { Reply } from './reply.ts'

export type Protocol = 2 | 3

/** The reply exceeds the maximum length: the connection ends. */
export class ReplyTooLong extends Error {
  override readonly name = 'ReplyTooLong'
}

const PIECE_BYTES = 64 * 1024

/** Collects replies as RESP, in pieces, so that no long string has to be built. */
export class RespWriter {
  #text = ''
  #pieces: Buffer[] = []
  #replyBytes = 0

  /** Throws ReplyTooLong for every reply that is too long when written, even for one that refers to one long value a thousand times. */
  write(reply: Reply, protocol: Protocol): void {
    this.#replyBytes = 0
    this.#add(reply, protocol)
  }

  /** True when there is enough to send. */
  get hasPiece(): boolean {
    return this.#pieces.length > 0
  }

  /** What was written since the last call. */
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
    if (this.#replyBytes > MAX_REPLY_BYTES) throw new ReplyTooLong(`its reply would exceed ${MAX_REPLY_BYTES} bytes`)
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
