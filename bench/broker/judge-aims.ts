import type { Aim } from '../report/judge-aims.ts'
import { IDLE, LOADED } from './at-rest.ts'
import type { Comparison } from './comparison.ts'
import type { Measured } from './figures.ts'
import { READ, SEND_1000, SEND_ONE } from './loads.ts'
import { COLD, WARM } from './measure-start-up.ts'

/** Maximum of Ping's figure, as a share of Apache Kafka's. */
const START_SHARE = 1 / 10
const MEMORY_SHARE = 1 / 5

/** The aims of Ping's broker against Apache Kafka, with the measured values. */
export function judgeAims({ rates, startUp, memory }: Measured): readonly Aim[] {
  const ratioOf = (rows: readonly Comparison[], what: string): number | undefined => rows.find(row => row.what === what)?.ratio
  const rate = (what: string, aim: number): Aim => ({ what: `${what}, records/s`, bound: 'least', aim, got: ratioOf(rates, what) })
  return [
    rate(SEND_1000.what, 1),
    rate(READ, 1),
    rate(SEND_ONE.what, 1.5),
    ...[COLD, WARM].map((what): Aim => ({ what: `start-up: ${what}`, bound: 'most', aim: START_SHARE, got: ratioOf(startUp, what) })),
    ...[IDLE, LOADED].map((what): Aim => ({ what: `memory ${what}`, bound: 'most', aim: MEMORY_SHARE, got: ratioOf(memory, what) })),
  ]
}
