import { wait } from '../../src/runtime/wait.ts'
import { percentile } from '../measuring/statistics.ts'
import { takeGrants, untilAccepted, type Stage } from './drive.ts'
import type { Grant } from './semaphore-client.ts'

/** In ms. */
export interface Latency {
  readonly p50: number
  readonly p99: number
}

const MAX_PAUSE_MS = 10

export function latencyOf(samplesMs: readonly number[]): Latency {
  return { p50: percentile(samplesMs, 0.5), p99: percentile(samplesMs, 0.99) }
}

/** From the send of a request for a free resource until the command is seen in actionable-commands, one after the other. */
export async function requestLatency(stage: Stage, name: string, samples: number): Promise<Latency> {
  const { client } = stage
  const latencies: number[] = []
  for (let number = 0; number < samples; number++) {
    await wait(Math.random() * MAX_PAUSE_MS) // not in step with a timer of the semaphore
    const sentMs = performance.now()
    const granted = takeGrants(stage, 1, grant => {
      latencies.push(grant.seenMs - sentMs)
      client.finish(grant)
    })
    client.submit(`${name}-${number}`, `${name}-command-${number}`, 'work')
    await granted
  }
  return latencyOf(latencies)
}

/** From the send of a finish until the next command of the resource is seen in actionable-commands. */
export async function freedLatency(stage: Stage, name: string, samples: number): Promise<Latency> {
  const { client } = stage
  let held: Grant | undefined
  const first = takeGrants(stage, 1, grant => (held = grant))
  for (let number = 0; number <= samples; number++) client.submit(name, `${name}-command-${number}`, 'work')
  await first
  await untilAccepted(stage)
  const latencies: number[] = []
  for (let number = 0; number < samples; number++) {
    await wait(Math.random() * MAX_PAUSE_MS)
    const sentMs = performance.now()
    const granted = takeGrants(stage, 1, grant => {
      latencies.push(grant.seenMs - sentMs)
      held = grant
    })
    client.finish(held!)
    await granted
  }
  client.finish(held!)
  return latencyOf(latencies)
}
