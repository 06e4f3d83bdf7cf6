import { CONTENDERS, type Contender } from '../parts/brokers.ts'
import type { Run } from '../run-and-exit.ts'
import { lookAtRest, restFigures } from './at-rest.ts'
import { startClient } from './client/client.ts'
import { compare, inTurns } from './comparison.ts'
import type { Measured } from './figures.ts'
import { FILLED, PRODUCE_LOADS, type Scale } from './loads.ts'
import { measureLoads } from './measure-loads.ts'
import { measureStartUp, start, startAndStop, temporaryFolder } from './measure-start-up.ts'
import { MeasuredBroker } from './measured-broker.ts'

export interface MeasureOptions {
  readonly scale: Scale
  /** Where Ping's broker writes CPU profiles; undefined: it does not. A profiled program is slower. */
  readonly profileDir: string | undefined
}

type OfBoth<T> = Readonly<Record<Contender, T>>

const FILLED_START = 'further start, folder of this run'

/** Measures both brokers: in turns where possible, otherwise one after the other. */
export async function measure(run: Run, { scale, profileDir }: MeasureOptions): Promise<Measured> {
  const startUp = await measureStartUp(run, scale.startRounds)
  const dataDirs: OfBoth<string> = { ours: temporaryFolder(run), apache: temporaryFolder(run) }
  const client = await startClient()
  run.teardown.add(client.stop)
  const brokers = await ofBoth(async contender => {
    const started = await start(run, contender, { dataDir: dataDirs[contender], profileDir })
    return new MeasuredBroker({ run, client, contender, started })
  })
  const idle = await ofBoth(contender => lookAtRest(brokers[contender]))
  await ofBoth(contender => warmUp(run, brokers[contender], scale))
  const loads = await measureLoads(run, brokers, scale)
  const loaded = await ofBoth(contender => lookAtRest(brokers[contender]))
  const verified = await ofBoth(contender => {
    run.progress(`${contender}: reading every record`)
    return brokers[contender].verify()
  })
  await ofBoth(contender => brokers[contender].started.child.stop())
  const filled = await inTurns(scale.startRounds, contender => startAndStop(run, contender, { dataDir: dataDirs[contender] }))
  const filledStart = compare(FILLED_START, filled)
  return {
    startUp: filledStart ? [...startUp, filledStart] : startUp,
    ...restFigures(idle, loaded),
    ...loads,
    verifiedRecords: verified.ours + verified.apache,
  }
}

async function ofBoth<T>(of: (contender: Contender) => Promise<T>): Promise<OfBoth<T>> {
  const [ours, apache] = CONTENDERS
  return { ours: await of(ours), apache: await of(apache) }
}

/** Fills the topic that is read, and lets both brokers compile their hot code. */
async function warmUp(run: Run, broker: MeasuredBroker, { warmUpMs, readRecords }: Scale): Promise<void> {
  run.progress(`${broker.contender}: filling a topic and warming up`)
  await broker.produce(FILLED, 0, readRecords)
  for (const load of PRODUCE_LOADS) await broker.produce(load, warmUpMs)
  await broker.consume(FILLED.topic)
}
