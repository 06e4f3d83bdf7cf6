import { fstatSync, writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** Bytes that may wait for a slow reader; further lines are dropped until the reader has caught up. */
const MAX_PENDING_BYTES = 1024 * 1024
/** How long the last lines of a program may take to reach a slow reader, in ms. */
const LAST_LINES_MS = 1_000

/** Where log lines go. No call of it waits, throws, or ends the program, whoever reads the log, or nobody. */
export interface LogOutput {
  /** One line, with its line feed. A line that cannot be written is dropped. */
  write(line: string): void
  /** Calls back when the operating system has every line, or after a second. (The form that pino expects.) */
  flush(done: () => void): void
}

/**
 * Standard output. A reader that is gone (`ping-broker | head -1`), that is stopped, or a terminal that is paused
 * must hold up nothing: pipes and terminals are written without waiting and up to a limit. The number of dropped lines
 * is written as a line of its own as soon as there is a reader again.
 */
export function standardOutput(dropped: (lines: number) => string): LogOutput {
  if (isMainThread && fstatSync(1).isFile()) return { write: writeToFile, flush: done => done() }
  const stream = process.stdout
  stream.off('error', ignore).on('error', ignore) // once, however many logs there are
  // Node lets a write to a terminal wait, so a terminal that is paused (Ctrl-S) would stop the program.
  if (stream.isTTY) (stream as unknown as { _handle?: { setBlocking?(isBlocking: boolean): void } })._handle?.setBlocking?.(false)
  let lost = 0
  return {
    write(line) {
      if (stream.destroyed) return
      if (stream.writableLength > MAX_PENDING_BYTES) {
        lost++
        return
      }
      if (lost > 0) stream.write(dropped(lost))
      lost = 0
      stream.write(line)
    },
    flush(done) {
      if (stream.destroyed || stream.writableLength === 0) return done()
      const timer = setTimeout(done, LAST_LINES_MS)
      stream.write('', () => {
        clearTimeout(timer)
        done()
      })
    },
  }
}

/** A file takes a line at once, or not at all: on a full disk lines are dropped until there is room again. */
function writeToFile(line: string): void {
  try {
    writeSync(1, line)
  } catch {
    // nowhere to write that it could not be written
  }
}

function ignore(): void {
  // The reader is gone: lines are dropped from now on.
}
