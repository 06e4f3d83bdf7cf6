import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Tally } from './tally.ts'

/** 0: all were answered in time; 1: none; 3: some were lost, late or refused, or still open a second after Ctrl-C. */
export function exitCodeOf({ due, inTime }: Tally): ExitCode {
  if (inTime === 0) return EXIT.failed
  return inTime === due ? EXIT.ok : EXIT.unavailable
}
