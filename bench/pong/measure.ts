import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../local/launch/free-port.ts'
import { KAFKA_VERSION } from '../../local/launch/kafka-jars.ts'
import { wait } from '../../src/runtime/wait.ts'
import { readCpu } from '../measuring/cpu.ts'
import { launch, type Contender } from '../parts/brokers.ts'
import { describeHost } from '../parts/machine.ts'
import type { Run } from '../run-and-exit.ts'
import { measurePlainKafka } from '../semaphore/plain-kafka.ts'
import { IN_FLIGHT, SCHEDULE_SECONDS, type Measured } from './figures.ts'
import { runRtt, type RttSummary } from './run-rtt.ts'
import type { Scale } from './scale.ts'
import { startPong } from './start-pong.ts'

const WARM_UP = 20_000
/** After it nothing of the start is left to do. */
const SETTLE_MS = 3_000

/** Measures one after the other: bare Kafka, and round trips through one pong server. */
export async function measure(run: Run, scale: Scale, broker: Contender): Promise<Measured> {
  const { records, samples, scheduled, flood, restMs } = scale
  const port = await startBroker(run, broker)
  run.progress('bare Kafka')
  const plainKafka = await measurePlainKafka(port, records, samples)
  const pid = await startPong(run, port)
  run.progress('at rest')
  const idleCpuPercent = await idleCpu(pid, restMs) // before any load: afterwards it forgets the sessions of it
  const rtt = async (what: string, count: number, options: readonly string[]): Promise<RttSummary> => {
    run.progress(what)
    const summary = await runRtt(port, ['-c', String(count), ...options])
    const { due, answered, lost, late, duplicate } = summary
    if (due !== count || answered !== count || lost + late + duplicate > 0)
      run.complain(`${what}: got ${JSON.stringify({ due, answered, lost, late, duplicate })}, expected ${count} answered in time, once`)
    return summary
  }
  await rtt('warm-up', WARM_UP, ['--flood', String(IN_FLIGHT)])
  const oneByOne = await rtt('one at a time', samples, ['--flood', '1'])
  const atRest = await rtt(`every ${SCHEDULE_SECONDS} s`, scheduled, ['-i', String(SCHEDULE_SECONDS)])
  const many = await rtt(`${IN_FLIGHT} in flight`, flood, ['--flood', String(IN_FLIGHT)])
  return {
    host: describeHost(),
    broker: broker === 'apache' ? `Apache Kafka ${KAFKA_VERSION}` : "Ping's own broker",
    plainKafka,
    oneByOne,
    scheduled: atRest,
    flood: many,
    idleCpuPercent,
  }
}

async function startBroker(run: Run, broker: Contender): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ping-bench-'))
  run.teardown.add(() => rmSync(dataDir, { recursive: true, force: true }))
  const port = await freePort()
  await launch(broker, { port, dataDir: join(dataDir, 'kafka'), onSpawn: child => run.teardown.add(() => child.stop()) })
  return port
}

async function idleCpu(pid: number, restMs: number): Promise<number | undefined> {
  const cpu = (): number | undefined => readCpu({ pong: pid })?.['pong']
  await wait(SETTLE_MS)
  const [before, startedAt] = [cpu(), performance.now()]
  await wait(restMs)
  const [after, seconds] = [cpu(), (performance.now() - startedAt) / 1_000]
  return before === undefined || after === undefined ? undefined : ((after - before) / seconds) * 100
}
