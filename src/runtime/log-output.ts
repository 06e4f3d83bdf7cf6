import { fstatSync, writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** Maximum bytes that wait for a slow reader; further lines are dropped until the reader has caught up. */
const MAX_PENDING_BYTES = 1024 * 1024
/** How long a program waits at its end for a slow reader of its last lines, in ms. */
const LAST_LINES_MS = 1_000

/** The destination of log lines. No call waits, throws or ends the program, no matter whether anything reads the log. */
export interface LogOutput {
  /** One line, with its line feed. A line that cannot be written is dropped. */
  write(line: string): void
  /** Calls back when the operating system has every line, or after a second. (pino expects this signature.) */
  flush(done: () => void): void
}

/**
 * Standard output. A reader that has exited (`ping-broker | head -1`) or is stopped, and a paused terminal, must not block the
 * program: pipes and terminals are written without waiting, up to a limit. When the reader continues, a separate line
 * reports the number of dropped lines.
 */
export function standardOutput(dropped: (lines: number) => string): LogOutput {
  if (isMainThread && fstatSync(1).isFile()) return { write: writeToFile, flush: done => done() }
  const stream = process.stdout
  stream.off('error', ignore).on('error', ignore) // once, no matter how many loggers there are
  // Node's writes to a terminal block, so a paused terminal (Ctrl-S) would stop the program.
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

/** A write to a file succeeds or fails at once: on a full disk, lines are dropped until there is space. */
function writeToFile(line: string): void {
  try {
    writeSync(1, line)
  } catch {
    // there is nowhere to report it
  }
}

function ignore(): void {
  // The reader has exited: all further lines are dropped.
}
