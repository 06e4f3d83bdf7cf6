import type { Part } from './part.ts'
import type { Child, ChildHooks } from './parts/child.ts'
import { KAFKA_VERSION, missingForKafka } from './parts/kafka-jars.ts'
import { launchKafka } from './parts/kafka.ts'

interface Place {
  readonly port: number
  /** Where its records lie. */
  readonly dataDir: string
}

interface Candidate {
  readonly name: string
  /** Why it cannot run here and what to do about it, or undefined when it can. */
  readonly missing: () => string | undefined
  readonly launch: (place: Place, hooks: ChildHooks) => Promise<Child>
}

/** The first that can run here is taken. A broker that comes with Ping goes before the others. */
const CANDIDATES: readonly Candidate[] = [
  { name: `Apache Kafka ${KAFKA_VERSION}`, missing: missingForKafka, launch: (place, hooks) => launchKafka({ ...place, ...hooks }) },
]

export interface KafkaChoice {
  /** Undefined when none can run here. */
  readonly part?: Part
  /** What runs, or why nothing does and what to do. */
  readonly kind: string
}

/** The Kafka of this machine. Ping records and counts without one: the processor catches up from Postgres. */
export function kafkaPart(place: Place): KafkaChoice {
  const candidate = CANDIDATES.find(({ missing }) => missing() === undefined)
  if (!candidate) {
    const reasons = CANDIDATES.map(({ name, missing }) => `${name}: ${missing()}`)
    return { kind: `none (${reasons.join('; ')}; or set KAFKA_BROKERS). Ping counts without it, only nothing is published.` }
  }
  return {
    kind: candidate.name,
    part: { name: 'kafka', launch: hooks => candidate.launch(place, hooks), stopSignal: 'SIGTERM', graceMs: 15_000, isEssential: false },
  }
}
