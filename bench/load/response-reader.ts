/** One answer of an HTTP/1.1 server. */
export interface HttpAnswer {
  readonly status: number
  /** Header lines, unchanged. */
  readonly head: string
  /** The body; of a chunked answer with the chunk sizes still in it. */
  readonly body: string
}

/**
 * Finds the end of each answer in the bytes of a keep-alive connection with one request at a time.
 * It does as little work as possible: the load generator shares the machine with what it measures.
 */
export class ResponseReader {
  #pending: Buffer | undefined

  /** Takes the next bytes; returns the answer when they complete it. The bytes may be reused afterwards. */
  push(bytes: Buffer): HttpAnswer | undefined {
    const all = this.#pending === undefined ? bytes : Buffer.concat([this.#pending, bytes])
    const headEnd = all.indexOf('\r\n\r\n')
    if (headEnd >= 0) {
      const head = all.toString('latin1', 0, headEnd)
      const bodyStart = headEnd + 4
      if (isComplete(all, head, bodyStart)) {
        this.#pending = undefined
        return { status: Number(head.slice(9, 12)), head, body: all.toString('latin1', bodyStart) }
      }
    }
    this.#pending = all === bytes ? Buffer.from(bytes) : all
    return undefined
  }
}

const LENGTH = /\r\ncontent-length: *(\d+)/i
const CHUNKED = /\r\ntransfer-encoding: *chunked/i
const LAST_CHUNK = '0\r\n\r\n'

function isComplete(all: Buffer, head: string, bodyStart: number): boolean {
  const length = LENGTH.exec(head)
  if (length !== null) return all.length >= bodyStart + Number(length[1])
  if (CHUNKED.test(head))
    return all.length >= bodyStart + LAST_CHUNK.length && all.toString('latin1', all.length - LAST_CHUNK.length) === LAST_CHUNK
  throw new Error(`an answer of unknown length: expected content-length or chunked, got ${JSON.stringify(head)}`)
}

/** The body without chunk sizes. Not part of an answer, because the load generator has no use for it. */
export function bodyOf(answer: HttpAnswer): string {
  if (!CHUNKED.test(answer.head)) return answer.body
  let [body, rest] = ['', answer.body]
  for (;;) {
    const sizeEnd = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, sizeEnd), 16)
    if (!(size > 0)) return body
    body += rest.slice(sizeEnd + 2, sizeEnd + 2 + size)
    rest = rest.slice(sizeEnd + 2 + size + 2)
  }
}
