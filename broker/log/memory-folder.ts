import type { Folder, LogFile } from './folder.ts'

const FIRST_CAPACITY_BYTES = 4096

/** A folder in memory, which lasts as long as the process. */
export function memoryFolder(): Folder {
  return new MemoryFolder()
}

class MemoryFolder implements Folder {
  readonly #entries = new Map<string, MemoryFile | MemoryFolder>()

  open(name: string): LogFile {
    return this.#entry(name, MemoryFile)
  }

  names(): string[] {
    return [...this.#entries.keys()]
  }

  folder(name: string): Folder {
    return this.#entry(name, MemoryFolder)
  }

  remove(name: string): void {
    this.#entries.delete(name)
  }

  readWhole(name: string): Buffer | undefined {
    if (!this.#entries.has(name)) return undefined
    const file = this.#entry(name, MemoryFile)
    return Buffer.from(file.read(0, file.size))
  }

  replace(name: string, content: Buffer | string): void {
    const file = new MemoryFile()
    file.append([Buffer.from(content)])
    this.#entries.set(name, file)
  }

  #entry<Entry extends MemoryFile | MemoryFolder>(name: string, kind: new () => Entry): Entry {
    const entry = this.#entries.get(name) ?? new kind()
    if (!(entry instanceof kind)) throw new Error(`${name} is not a ${kind === MemoryFile ? 'file' : 'folder'}`)
    this.#entries.set(name, entry)
    return entry
  }
}

class MemoryFile implements LogFile {
  #bytes = Buffer.alloc(0)
  #size = 0

  get size(): number {
    return this.#size
  }

  append(pieces: readonly Buffer[]): void {
    const end = pieces.reduce((sum, piece) => sum + piece.length, this.#size)
    if (end > this.#bytes.length) this.#grow(end)
    for (const piece of pieces) {
      piece.copy(this.#bytes, this.#size)
      this.#size += piece.length
    }
  }

  /** Grows into new memory: bytes that were read before are views of the old memory and do not change. */
  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length, FIRST_CAPACITY_BYTES))
    this.#bytes.copy(grown, 0, 0, this.#size)
    this.#bytes = grown
  }

  read(position: number, length: number): Buffer {
    return this.#bytes.subarray(position, Math.max(position, Math.min(this.#size, position + length)))
  }

  truncate(size: number): void {
    // Views of the truncated bytes must not change when other bytes are written in their place.
    this.#bytes = Buffer.from(this.#bytes.subarray(0, size))
    this.#size = size
  }

  sync(): void {}

  close(): void {}
}
