import { formatDuration } from '../formats/duration.ts'
import { grouped } from './output.ts'
import { shownOn, type Terminal } from './terminal.ts'

/** Shorter runs show no bar. */
const SHOWN_AFTER_MS = 400
const REDRAW_MS = 100
const BAR_WIDTH = 24
const DEFAULT_COLUMNS = 80
/** Erases from the cursor to the end of the line. */
const ERASE = '\u001B[K'

export interface Progress {
  readonly done: number
  /** Undefined: as many as the duration takes. */
  readonly all: number | undefined
  /** How long the run lasts; undefined: until all are done. */
  readonly durationMs?: number | undefined
  readonly elapsedMs: number
}

/** One line: bar, count, rate, time left; cut to the width of the terminal. */
export function renderProgress({ done, all, durationMs = Infinity, elapsedMs }: Progress, columns: number): string {
  const share = Math.min(1, Math.max(all === undefined ? 0 : all === 0 ? 1 : done / all, elapsedMs / durationMs))
  const filled = Math.round(share * BAR_WIDTH)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
  const perSecond = elapsedMs > 0 ? (done / elapsedMs) * 1_000 : 0
  const leftMs = Math.min(((all ?? Infinity) - done) * (elapsedMs / done), durationMs - elapsedMs)
  const left = done > 0 ? `${formatDuration(Math.max(0, leftMs))} left` : 'waiting for the first answer'
  const percent = `${Math.floor(share * 100)}%`.padStart(4)
  const line = `${bar} ${percent}  ${grouped(done)}${all === undefined ? '' : `/${grouped(all)}`}  ${grouped(Math.round(perSecond))}/s  ${left}`
  return line.slice(0, Math.max(0, columns - 1))
}

/** Draws the progress of a run on standard error, if that is a terminal that can redraw lines. Call what it returns to end it. */
export function showProgressBar(progress: () => Progress, terminal: Terminal): () => void {
  const stream = process.stderr
  if (!stream.isTTY || !terminal.redraws) return () => undefined
  let drawn = 0
  const draw = (line: string): void => {
    // Without escape sequences, spaces cover the rest of a longer line.
    stream.write(terminal.escapes ? `\r${line}${ERASE}` : `\r${line.padEnd(drawn)}`)
    drawn = line.length
  }
  const timer = setInterval(() => {
    const now = progress()
    if (now.elapsedMs < SHOWN_AFTER_MS) return
    draw(shownOn(terminal, renderProgress(now, stream.columns || DEFAULT_COLUMNS)))
  }, REDRAW_MS)
  return () => {
    clearInterval(timer)
    if (drawn > 0) stream.write(terminal.escapes ? `\r${ERASE}` : `\r${' '.repeat(drawn)}\r`)
  }
}
