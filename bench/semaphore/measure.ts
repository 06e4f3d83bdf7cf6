import { wait } from '../../src/runtime/wait.ts'
import { readCpu } from '../measuring/cpu.ts'
import type { Contender } from '../parts/brokers.ts'
import { createDatabase } from '../parts/databases.ts'
import { describeMachine } from '../parts/machine.ts'
import { startParts } from '../parts/parts.ts'
import type { Run } from '../run-and-exit.ts'
import type { Stage } from './drive.ts'
import type { Measured } from './figures.ts'
import { freedLatency, requestLatency } from './measure-latency.ts'
import { measureLives, measureRate } from './measure-rate.ts'
import { measureWaiting } from './measure-waiting.ts'
import { measurePlainKafka } from './plain-kafka.ts'
import { measurePlainPostgres } from './plain-postgres.ts'
import type { Scale } from './scale.ts'
import { SemaphoreClient } from './semaphore-client.ts'
import { setRunningLimit } from './set-running-limit.ts'
import { startSemaphore } from './start-semaphore.ts'

export interface MeasureOptions {
  readonly scale: Scale
  readonly broker: Contender
  /** Where the program writes a CPU profile; undefined: it does not. A profiled program is slower. */
  readonly profileDir: string | undefined
}

/** The limit of the one resource that lets many commands out at a time. */
export const MANY_AT_A_TIME = 64
const REST_MS = 3_000

/** Measures one after the other: bare Postgres, bare Kafka, and the semaphore through its topics. */
export async function measure(run: Run, { scale, broker, profileDir }: MeasureOptions): Promise<Measured> {
  const { commands, resources, commandsOfOne, latencySamples, waiting, steps } = scale
  const parts = await startParts(run.teardown, { broker, profileDir: undefined })
  const machine = await describeMachine(parts)
  run.progress('bare Postgres')
  const plainDatabase = await createDatabase(parts, 'plain')
  const plainPostgres = await measurePlainPostgres(plainDatabase.url, commands, resources)
  await plainDatabase.drop()
  run.progress('bare Kafka')
  const plainKafka = await measurePlainKafka(parts.kafka.port, commands, latencySamples)
  const database = await createDatabase(parts, 'semaphore')
  const semaphore = await startSemaphore({ run, parts, database, profileDir })
  const client = new SemaphoreClient(parts.kafka.port, semaphore.topics)
  run.teardown.add(() => client.stop())
  await client.start()
  const stage: Stage = { run, client, kafkaPort: parts.kafka.port, requestsTopic: semaphore.topics.requests }
  const idleCpuPercent = await idleCpu(semaphore.pid)
  await measureRate(stage, { name: 'warm-up', commands: resources * 5, resources, limit: 1 })
  run.progress(`${resources} resources`)
  const many = await measureRate(stage, { name: 'many', commands, resources, limit: 1 })
  const lives = await measureLives(stage, { name: 'lives', commands, resources })
  run.progress('one resource')
  const one = await measureRate(stage, { name: 'one', commands: commandsOfOne, resources: 1, limit: 1 })
  await setRunningLimit(semaphore.url, 'wide-0', MANY_AT_A_TIME)
  const oneWide = await measureRate(stage, { name: 'wide', commands: commandsOfOne * 4, resources: 1, limit: MANY_AT_A_TIME })
  run.progress('latencies')
  const request = await requestLatency(stage, 'request', latencySamples)
  const freed = await freedLatency(stage, 'freed', latencySamples)
  run.progress(`${waiting} waiting commands`)
  const queue = await measureWaiting(stage, { database, pid: semaphore.pid, waiting, steps })
  return {
    machine,
    plainPostgres,
    plainKafka,
    many,
    lives,
    one,
    oneWide,
    requestLatency: request,
    freedLatency: freed,
    queue,
    idleCpuPercent,
  }
}

async function idleCpu(pid: number): Promise<number | undefined> {
  const cpu = (): number | undefined => readCpu({ semaphore: pid })?.['semaphore']
  await wait(REST_MS)
  const [before, startedAt] = [cpu(), performance.now()]
  await wait(REST_MS)
  const [after, seconds] = [cpu(), (performance.now() - startedAt) / 1_000]
  return before === undefined || after === undefined ? undefined : ((after - before) / seconds) * 100
}
