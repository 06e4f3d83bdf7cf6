import { takeGrants, untilAccepted, type Stage } from './drive.ts'
import type { Grant } from './semaphore-client.ts'

/** Commands per second. */
export interface Rates {
  /** Requested and queued, while nothing is finished. */
  readonly submitted: number
  /** Granted and finished, from queues that are full. */
  readonly served: number
}

export interface RateLoad {
  /** Unique for the load. */
  readonly name: string
  readonly commands: number
  readonly resources: number
  /** How many commands of a resource run at a time. */
  readonly limit: number
}

/** Fills the queues, then finishes each command as soon as it is granted. The semaphore does in turn what it does at once in operation. */
export async function measureRate(stage: Stage, { name, commands, resources, limit }: RateLoad): Promise<Rates> {
  const { client } = stage
  const held: Grant[] = []
  const first = takeGrants(stage, resources * limit, grant => held.push(grant))
  const submitMs = await timed(async () => {
    for (let number = 0; number < commands; number++)
      client.submit(`${name}-${number % resources}`, `${name}-command-${number}`, `the work of ${number}`)
    await untilAccepted(stage)
  })
  await first
  const left = commands - held.length
  const serveMs = await timed(async () => {
    const all = takeGrants(stage, left, grant => client.finish(grant))
    for (const grant of held) client.finish(grant)
    await all
  })
  return { submitted: (commands / submitMs) * 1_000, served: (left / serveMs) * 1_000 }
}

/** Commands per second that are requested, granted and finished, all at the same time. */
export async function measureLives(stage: Stage, { name, commands, resources }: Omit<RateLoad, 'limit'>): Promise<number> {
  const { client } = stage
  const ms = await timed(async () => {
    const all = takeGrants(stage, commands, grant => client.finish(grant))
    for (let number = 0; number < commands; number++)
      client.submit(`${name}-${number % resources}`, `${name}-command-${number}`, `the work of ${number}`)
    await all
  })
  return (commands / ms) * 1_000
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}
