/** What the peer sent is no RESP, or too much of it: it is told so, and the connection ends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

const MAX_ARGUMENTS = 1_048_576
const MAX_ARGUMENT_BYTES = 64 * 1024 * 1024
const MAX_INLINE_BYTES = 64 * 1024
const MAX_REQUEST_BYTES = 128 * 1024 * 1024
const [STAR, DOLLAR, CR, LF] = [0x2a, 0x24, 0x0d, 0x0a]

/** Cuts a stream of bytes into commands: arrays of bulk strings, or plain lines as a person types them. */
export class RespReader {
  #chunks: Buffer[] = []
  #bytes = 0
  /** No command can be complete before so many bytes are there: saves joining the chunks of a long one again and again. */
  #needed: number

  constructor() {
    this.#needed = 0
  }

  /** The commands that are complete with these bytes, each as its arguments. Throws ProtocolError. */
  *read(chunk: Buffer): Generator<string[]> {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes > MAX_REQUEST_BYTES) throw new ProtocolError('request too long')
    if (this.#bytes < this.#needed) return
    const data = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    let offset = 0
    this.#needed = 0
    while (offset < data.length) {
      const found = data[offset] === STAR ? readArray(data, offset) : readInline(data, offset)
      if ('needed' in found) {
        this.#needed = found.needed - offset
        break
      }
      offset = found.end
      if (found.args.length > 0) yield found.args
    }
    this.#chunks = offset < data.length ? [data.subarray(offset)] : []
    this.#bytes = data.length - offset
  }
}

type Found = { readonly args: string[]; readonly end: number } | { readonly needed: number }

function readArray(data: Buffer, start: number): Found {
  const count = readLength(data, start + 1, 'multibulk', MAX_ARGUMENTS)
  if (!count) return { needed: 0 }
  const args: string[] = []
  let at = count.end
  for (let i = 0; i < count.value; i++) {
    if (at >= data.length) return { needed: 0 }
    if (data[at] !== DOLLAR) throw new ProtocolError(`expected '$', got '${String.fromCharCode(data[at] ?? 0)}'`)
    const length = readLength(data, at + 1, 'bulk', MAX_ARGUMENT_BYTES)
    if (!length) return { needed: 0 }
    const end = length.end + length.value
    if (data.length < end + 2) return { needed: end + 2 }
    if (data[end] !== CR || data[end + 1] !== LF) throw new ProtocolError('expected CRLF after a bulk string')
    args.push(data.toString('latin1', length.end, end))
    at = end + 2
  }
  return { args, end: at }
}

function readLength(data: Buffer, start: number, what: string, max: number): { value: number; end: number } | undefined {
  const lineEnd = data.indexOf('\r\n', start, 'latin1')
  if (lineEnd < 0) {
    if (data.length - start > 32) throw new ProtocolError(`invalid ${what} length`)
    return undefined
  }
  const text = data.toString('latin1', start, lineEnd)
  const value = Number(text)
  if (!/^-?\d{1,10}$/.test(text) || value > max || (what === 'bulk' && value < 0)) throw new ProtocolError(`invalid ${what} length`)
  return { value, end: lineEnd + 2 }
}

function readInline(data: Buffer, start: number): Found {
  const lineEnd = data.indexOf(LF, start)
  const length = (lineEnd < 0 ? data.length : lineEnd) - start
  if (length > MAX_INLINE_BYTES) throw new ProtocolError('too big inline request')
  if (lineEnd < 0) return { needed: 0 }
  const line = data.toString('latin1', start, lineEnd).trim()
  const parts = line.match(/"(?:[^"\\]|\\.)*"|'[^']*'|\S+/g) ?? []
  return { args: parts.map(unquote), end: lineEnd + 1 }
}

function unquote(part: string): string {
  if (/^'.*'$/.test(part)) return part.slice(1, -1)
  return /^".*"$/.test(part) ? part.slice(1, -1).replace(/\\(.)/g, '$1') : part
}
