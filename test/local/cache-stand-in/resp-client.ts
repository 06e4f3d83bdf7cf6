import { createConnection, type Socket } from 'node:net'

/** A reply that begins with the sign of its type, so that `:1`, `$1` and `+1` differ; aggregates are arrays whose first item is their sign. */
export type GotReply = string | readonly GotReply[]

/** The reply that begins at `at`, and where it ends; undefined while it is incomplete. One character per byte. */
function parseReply(text: string, at = 0): { readonly got: GotReply; readonly end: number } | undefined {
  const lineEnd = text.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const [sign = '', line, after] = [text[at], text.slice(at, lineEnd), lineEnd + 2]
  const count = Number(line.slice(1))
  if (!'$=*%'.includes(sign) || count < 0) return { got: line, end: after }
  if (sign === '$' || sign === '=') {
    const end = after + count + 2
    return end > text.length ? undefined : { got: sign + text.slice(after, end - 2), end }
  }
  const items: GotReply[] = [sign]
  let end = after
  for (let i = 0; i < (sign === '%' ? 2 * count : count); i++) {
    const item = parseReply(text, end)
    if (!item) return undefined
    items.push(item.got)
    end = item.end
  }
  return { got: items, end }
}

export function request(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`
}

/** A client that handles only bytes, so that replies are compared to the last byte. Strings have one character per byte. */
export class RespClient {
  readonly socket: Socket
  #received = ''
  /** Where the next reply begins. */
  #at = 0
  #pieces: string[] = []
  #awaited: (() => void) | undefined
  closed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#pieces.push(text)
      this.#awaited?.()
    })
    socket.on('error', () => undefined) // followed by close
    socket.once('close', () => {
      this.closed = true
      this.#awaited?.()
    })
  }

  static async connect(port: number): Promise<RespClient> {
    const socket = createConnection({ host: '127.0.0.1', port, noDelay: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new RespClient(socket)
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  async ask(...args: readonly string[]): Promise<GotReply> {
    this.send(request(args))
    return this.reply()
  }

  /** Sends all at once. */
  async askAll(commands: readonly (readonly string[])[]): Promise<readonly GotReply[]> {
    this.send(commands.map(request).join(''))
    const replies: GotReply[] = []
    for (const _ of commands) replies.push(await this.reply())
    return replies
  }

  /** The next reply; `closed` if the server has disconnected instead. */
  async reply(): Promise<GotReply> {
    for (;;) {
      this.#gather()
      const parsed = parseReply(this.#received, this.#at)
      if (parsed) {
        this.#at = parsed.end
        return parsed.got
      }
      if (this.closed) return 'closed'
      await new Promise<void>(resolve => (this.#awaited = resolve))
    }
  }

  /** Everything that arrives until the server disconnects. */
  async rest(): Promise<string> {
    while (!this.closed) await new Promise<void>(resolve => (this.#awaited = resolve))
    this.#gather()
    return this.#received.slice(this.#at)
  }

  #gather(): void {
    if (this.#pieces.length === 0) return
    this.#received = this.#received.slice(this.#at) + this.#pieces.join('')
    this.#at = 0
    this.#pieces = []
  }

  end(): void {
    this.socket.destroy()
  }
}
