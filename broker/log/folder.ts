/** The files of a log, as an interface, so that the same code runs on disk and in memory. All calls are synchronous and throw the system's errors. */

export interface LogFile {
  /** In bytes. */
  readonly size: number
  /** Appends all pieces or none: on an error it truncates the file to its old size and throws the error, or `TornFileError` if truncating fails too. */
  append(pieces: readonly Buffer[]): void
  /** At most `length` bytes from `position`; fewer only at the end of the file. The caller must not change the bytes. */
  read(position: number, length: number): Buffer
  truncate(size: number): void
  /** Returns when the content, and the file's name in its folder, would survive a power failure. */
  sync(): void
  close(): void
}

export interface Folder {
  /** Created, empty, if missing. */
  open(name: string): LogFile
  /** The names of its files and folders, in no particular order. */
  names(): string[]
  /** Created if missing. */
  folder(name: string): Folder
  /** Removes a file, or a folder with its content. Does nothing if it is missing. */
  remove(name: string): void
  readWhole(name: string): Buffer | undefined
  /** Replaces a whole file, so that after a crash it has either the old content or the new. */
  replace(name: string, content: Buffer | string, options?: ReplaceOptions): void
}

export interface ReplaceOptions {
  /** True for a file that can be rebuilt and in which damage is detected. This is faster; the file survives a crash of the process but not a power failure. */
  readonly mayBeLost?: boolean
}

/** An append failed half-way and could not be undone, so the end of the file is invalid. */
export class TornFileError extends Error {
  override readonly name = 'TornFileError'
}

/** The suffix of a file that is about to replace another. A file that still has it after a crash is ignored. */
export const ASIDE_SUFFIX = '.new'
