import type { Logger } from '../src/runtime/logger.ts'

/** Lines with the same text in one window; further ones are only counted. */
const LINES_PER_WINDOW = 5
const WINDOW_MS = 10_000

interface Window {
  readonly beganMs: number
  lines: number
  skipped: number
}

/** Log lines that a client can cause: however many messages are wrong, only some lines are written. Texts are few and fixed. */
export class Notes {
  readonly #log: Pick<Logger, 'warn'>
  readonly #nowMs: () => number
  readonly #windows = new Map<string, Window>()

  constructor(log: Pick<Logger, 'warn'>, nowMs: () => number) {
    this.#log = log
    this.#nowMs = nowMs
  }

  /** Writes a line with these details, or counts it: the next one that is written has the number of those that were not, as `skipped`. */
  write(text: string, details: object): void {
    const last = this.#windows.get(text)
    const isOver = last === undefined || this.#nowMs() - last.beganMs >= WINDOW_MS
    const window = isOver ? { beganMs: this.#nowMs(), lines: 0, skipped: last?.skipped ?? 0 } : last
    if (isOver) this.#windows.set(text, window)
    if (window.lines >= LINES_PER_WINDOW) {
      window.skipped++
      return
    }
    window.lines++
    this.#log.warn(window.skipped > 0 ? { ...details, skipped: window.skipped } : details, text)
    window.skipped = 0
  }
}
