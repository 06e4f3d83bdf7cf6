/** The files that logs are made of, so that the same code runs on the disk and in memory. All calls are synchronous and throw what the system says. */

export interface LogFile {
  /** In bytes. */
  readonly size: number
  /** Appends all pieces or none: on an error the file is cut back and the error thrown; if that fails too, `TornFileError`. */
  append(pieces: readonly Buffer[]): void
  /** At most `length` bytes from `position` on; fewer only where the file ends. The bytes are not to be changed. */
  read(position: number, length: number): Buffer
  truncate(size: number): void
  /** Returns when the content, and the file's name in its folder, would survive a loss of power. */
  sync(): void
  close(): void
}

export interface Folder {
  /** Created, empty, if missing. */
  open(name: string): LogFile
  /** Of the files and folders in it, in no order. */
  names(): string[]
  /** Created if missing. */
  folder(name: string): Folder
  /** A file, or a folder with all that is in it. Missing is fine. */
  remove(name: string): void
  readWhole(name: string): Buffer | undefined
  /** Replaces a whole file so that after a crash either the old content is there or the new. */
  replace(name: string, content: Buffer | string, options?: ReplaceOptions): void
}

export interface ReplaceOptions {
  /** True for a file that can be made anew and tells if it is damaged: it is quicker, and safe from the end of the process, but not from a power cut. */
  readonly mayBeLost?: boolean
}

/** A file whose end is not what it should be: an append failed half-way and could not be undone. */
export class TornFileError extends Error {
  override readonly name = 'TornFileError'
}

/** The ending of a file that is not yet what it is to replace. What has it after a crash is nothing. */
export const ASIDE_SUFFIX = '.new'
