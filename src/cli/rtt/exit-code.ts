import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Tally } from './tally.ts'

/** 0: all were answered in time; 1: none; 3: some were lost, late or refused. What is still open at Ctrl-C counts for neither. */
export function exitCodeOf({ inTime, late, lost, refused }: Tally): ExitCode {
  if (inTime === 0) return EXIT.failed
  return late + lost + refused === 0 ? EXIT.ok : EXIT.unavailable
}
