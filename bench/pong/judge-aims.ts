import type { Aim } from '../report/judge-aims.ts'
import { IN_FLIGHT, perSecond, SCHEDULE_SECONDS, type Measured } from './figures.ts'

/** The aims of the round trip, with the measured values. */
export function judgeAims({ plainKafka, oneByOne, scheduled, flood, idleCpuPercent }: Measured): readonly Aim[] {
  return [
    { what: `p50 of a pong, one every ${SCHEDULE_SECONDS} s, ms`, bound: 'most', aim: 2, got: scheduled.latencyMs.pong.p50 },
    { what: `p99 of a pong, one every ${SCHEDULE_SECONDS} s, ms`, bound: 'most', aim: 15, got: scheduled.latencyMs.pong.p99 },
    {
      what: 'p50 of a pong, one at a time / p50 of two hops of bare kafkajs',
      bound: 'most',
      aim: 1.3,
      got: oneByOne.latencyMs.pong.p50 / plainKafka.twoHops.p50,
    },
    { what: `round trips/s, ${IN_FLIGHT} in flight`, bound: 'least', aim: 5_000, got: perSecond(flood) },
    { what: 'CPU of the server at rest, % of a core', bound: 'most', aim: 0.5, got: idleCpuPercent },
  ]
}
