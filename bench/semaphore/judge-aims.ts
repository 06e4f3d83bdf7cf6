import type { Aim } from '../report/judge-aims.ts'
import type { Measured } from './figures.ts'

const MAX_BYTES = 1_024
/** "Flat": a step may take this many times as long at the long queue; two runs of the same thing differ by as much. */
const FLAT = 1.5

const atLeast = (what: string, aim: number, got: number | undefined): Aim => ({ what, bound: 'least', aim, got })
const atMost = (what: string, aim: number, got: number | undefined): Aim => ({ what, bound: 'most', aim, got })

/** The aims of the semaphore, with the measured values. A command that is served counts as two: its grant and its finish. */
export function judgeAims({ many, one, freedLatency, requestLatency, queue }: Measured): readonly Aim[] {
  return [
    atLeast('grants and finishes/s, many resources', 5_000, 2 * many.served),
    atLeast('commands/s, one resource, one at a time', 500, one.served),
    atMost('p99 from a finish until the next grant is read, ms', 25, freedLatency.p99),
    atMost('p99 from a request until its grant is read, ms', 250, requestLatency.p99),
    atMost('bytes per waiting command', MAX_BYTES, queue.bytesPerCommand),
    atMost('a step at the long queue / at a short one', FLAT, queue.longStepMs / queue.shortStepMs),
  ]
}
