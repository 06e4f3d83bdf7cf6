import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ASIDE_SUFFIX, TornFileError, type Folder, type LogFile, type ReplaceOptions } from './folder.ts'

const { O_CREAT, O_RDWR } = constants

/** A folder on disk; created with its parents if it is missing. */
export function diskFolder(path: string): Folder {
  return new DiskFolder(resolve(path))
}

class DiskFolder implements Folder {
  readonly #path: string
  /** The folders in which the names of this folder, and of the parents created with it, may not be on disk yet. */
  #unsynced: string[]

  constructor(path: string) {
    this.#path = path
    this.#unsynced = foldersAbove(path, mkdirSync(path, { recursive: true }))
  }

  open(name: string): LogFile {
    return new DiskFile(join(this.#path, name), () => this.#sync())
  }

  /** Makes the names in the folder and its own name durable. Called only when a file needs it, so that creating a thousand folders is quick. */
  #sync(): void {
    for (const path of [this.#path, ...this.#unsynced]) syncFolder(path)
    this.#unsynced = []
  }

  names(): string[] {
    return readdirSync(this.#path)
  }

  folder(name: string): Folder {
    return new DiskFolder(join(this.#path, name))
  }

  remove(name: string): void {
    rmSync(join(this.#path, name), { recursive: true, force: true })
  }

  readWhole(name: string): Buffer | undefined {
    try {
      return readFileSync(join(this.#path, name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw named(error, join(this.#path, name))
    }
  }

  replace(name: string, content: Buffer | string, { mayBeLost = false }: ReplaceOptions = {}): void {
    const path = join(this.#path, name)
    const aside = path + ASIDE_SUFFIX
    try {
      writeWhole(aside, typeof content === 'string' ? Buffer.from(content) : content, { isSynced: !mayBeLost })
      renameSync(aside, path)
    } catch (error) {
      rmSync(aside, { force: true })
      throw error
    }
    if (!mayBeLost) this.#sync()
  }
}

/** Adds the path, which the system's error about an open file lacks. */
function named(error: unknown, path: string): unknown {
  return Object.assign(error as NodeJS.ErrnoException, { path })
}

class DiskFile implements LogFile {
  readonly #path: string
  readonly #descriptor: number
  #size: number
  readonly #syncFolder: () => void
  /** Whether the file's name may not be on disk yet. */
  #isNew: boolean

  constructor(path: string, syncFolder: () => void) {
    this.#path = path
    this.#syncFolder = syncFolder
    this.#descriptor = openSync(path, O_RDWR | O_CREAT)
    this.#size = fstatSync(this.#descriptor).size
    this.#isNew = this.#size === 0
  }

  get size(): number {
    return this.#size
  }

  append(pieces: readonly Buffer[]): void {
    let end = this.#size
    try {
      for (const piece of pieces) end = writeAll(this.#descriptor, piece, end)
    } catch (error) {
      this.#cutBack(error)
      throw error
    }
    this.#size = end
  }

  #cutBack(cause: unknown): void {
    try {
      ftruncateSync(this.#descriptor, this.#size)
    } catch (error) {
      throw new TornFileError(`${String(cause)}; truncating ${this.#path} to ${this.#size} bytes failed too: ${String(error)}`, { cause })
    }
  }

  read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.#size - position)))
    let filled = 0
    while (filled < bytes.length) {
      const got = readSync(this.#descriptor, bytes, filled, bytes.length - filled, position + filled)
      if (got === 0) break
      filled += got
    }
    return filled === bytes.length ? bytes : bytes.subarray(0, filled)
  }

  truncate(size: number): void {
    ftruncateSync(this.#descriptor, size)
    this.#size = size
  }

  sync(): void {
    fdatasyncSync(this.#descriptor)
    if (this.#isNew) this.#syncFolder()
    this.#isNew = false
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** The folders that contain the names of `path` and of the parents created with it; `first` is the topmost of those. */
function foldersAbove(path: string, first: string | undefined): string[] {
  if (first === undefined) return []
  const parent = dirname(path)
  return path === first || parent === path ? [parent] : [parent, ...foldersAbove(parent, first)]
}

/** Writes all bytes, in as many calls as it takes, and returns the position after them. */
function writeAll(descriptor: number, bytes: Buffer, position: number): number {
  let written = 0
  while (written < bytes.length) written += writeSync(descriptor, bytes, written, bytes.length - written, position + written)
  return position + written
}

function writeWhole(path: string, content: Buffer, { isSynced }: { readonly isSynced: boolean }): void {
  const descriptor = openSync(path, 'w')
  try {
    writeAll(descriptor, content, 0)
    if (isSynced) fdatasyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes the names in a folder durable. */
function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
