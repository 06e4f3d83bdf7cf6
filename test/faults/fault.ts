import { wait } from '../../src/runtime/wait.ts'
import type { Random } from '../support/random.ts'
import type { OwnPing } from '../support/whole-ping.ts'

/** A part that can be killed and started again. `up` resolves when it is up, or, for a program, was started. */
export interface Victim {
  readonly name: string
  kill9(): Promise<unknown>
  up(): Promise<void>
}

/** A kill -9 that has happened; times by performance.now(). */
export interface Fault {
  readonly names: readonly string[]
  readonly killedMs: number
  /** From here on every part is up again. */
  readonly backMs: number
}

const MAX_DOWN_MS = 1_500

export function victimsOf({ postgres, kafka, redis, servers, processors }: OwnPing): readonly Victim[] {
  return [
    ...servers.map(server => ({ name: 'server', kill9: server.kill9, up: server.start })),
    ...processors.map(processor => ({ name: 'processor', kill9: processor.kill9, up: processor.start })),
    { name: 'cache', kill9: redis.kill9, up: redis.restart },
    { name: 'broker', kill9: kafka.kill9, up: kafka.restart },
    { name: 'postgres', kill9: postgres.kill9, up: () => postgres.restart() },
  ]
}

/** Kills all of them at the same time, and starts each again after a different time. */
export async function killAndRestart(victims: readonly Victim[], random: Random): Promise<Fault> {
  const killedMs = performance.now()
  const kills = victims.map(victim => ({ victim, downMs: random.between(0, MAX_DOWN_MS) }))
  await Promise.all(
    kills.map(async ({ victim, downMs }) => {
      await victim.kill9()
      await wait(downMs)
      await victim.up()
    }),
  )
  return { names: victims.map(({ name }) => name), killedMs, backMs: performance.now() }
}
