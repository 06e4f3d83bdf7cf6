import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const PATIENCE_MS = 20_000

/** A person at the console. */
export class LineClient {
  readonly socket: Socket
  /** The help that was sent on connecting. */
  help = ''
  #text = ''
  #isClosed = false
  readonly #lines: string[] = []
  #wake: () => void = () => {}

  private constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' })
    this.socket.setEncoding('utf8')
    this.socket.on('data', (chunk: unknown) => this.#received(chunk as string))
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  static async connect(port: number): Promise<LineClient> {
    const client = new LineClient(port)
    client.help = await client.line()
    return client
  }

  #received(chunk: string): void {
    this.#text += chunk
    const lines = this.#text.split('\n')
    this.#text = lines.pop()!
    this.#lines.push(...lines)
    this.#wake()
  }

  /** Sends a line and returns its answer. */
  ask(line: string): Promise<string> {
    this.socket.write(`${line}\n`)
    return this.line()
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  /** The next line that the console sends. */
  async line(): Promise<string> {
    const [line] = await this.lines(1)
    return line!
  }

  async lines(count: number): Promise<string[]> {
    await this.#until(
      () => this.#lines.length >= count,
      () => `${count} lines, got ${this.#lines.length}: ${JSON.stringify([...this.#lines, this.#text]).slice(0, 500)}`,
    )
    return this.#lines.splice(0, count)
  }

  /** The lines received so far. */
  get unread(): readonly string[] {
    return this.#lines
  }

  /** All lines up to the end of the connection. */
  async rest(): Promise<string[]> {
    await this.#until(
      () => this.#isClosed,
      () => 'the end of the connection',
    )
    return this.#text === '' ? this.#lines.splice(0) : [...this.#lines.splice(0), `${this.#text} (without an end)`]
  }

  /** Ends the connection; resolves when the console has closed it too. */
  async leave(): Promise<void> {
    this.socket.end()
    await this.rest()
  }

  /** Resets the connection, which the console notices. */
  cut(): void {
    this.socket.resetAndDestroy()
  }

  async #until(condition: () => boolean, what: () => string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS
    while (!condition()) {
      if (this.#isClosed) throw new Error(`the connection ended, expected ${what()}`)
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`timed out waiting for ${what()}`)), deadline - Date.now())
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async flushed(): Promise<void> {
    if (this.socket.writableNeedDrain) await once(this.socket, 'drain')
  }
}
