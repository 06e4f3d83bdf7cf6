import { CONTENDERS, type Bench, type ContenderKey } from '../bench.ts'
import { mergeRuns, type Cell, type CellRun } from '../cells.ts'
import type { Contender, StartContender } from '../contenders/contender.ts'
import { connectRequest } from '../load/http-connection.ts'
import { whole } from '../table.ts'
import { loadCell } from './load-cell.ts'

/** A new process is slow until its hot code is compiled. */
const WARM_UP_MS = 1_500
const WARM_UP_CONNECTIONS = 64

/** Measures Ping calls: every contender at every number of connections, in several rounds. */
export async function measurePings(
  bench: Bench,
  starters: Readonly<Record<ContenderKey, StartContender>>,
): Promise<readonly Cell[]> {
  const keys = CONTENDERS.filter(key => bench.options.only.includes(key))
  const runs = new Map<string, CellRun[]>()
  for (let round = 0; round < bench.options.rounds; round++) {
    // There and back, so that a machine that gets slower or faster does so for all.
    for (const key of round % 2 === 0 ? keys : keys.toReversed()) {
      await measureContender(bench, () => starters[key](bench, round), (connections, run) => {
        const name = `${key} ${connections}`
        runs.set(name, [...(runs.get(name) ?? []), run])
        bench.progress(`(${key}) round ${round + 1}, ${connections} connections: ${whole((run.result.measured / run.result.measuredMs) * 1000)} pings/s`)
      })
    }
  }
  return keys.flatMap(key =>
    bench.options.connections.map(connections => mergeRuns(key, connections, runs.get(`${key} ${connections}`) ?? [])),
  )
}

async function measureContender(
  bench: Bench,
  start: () => Promise<Contender>,
  report: (connections: number, run: CellRun) => void,
): Promise<void> {
  const contender = await start()
  try {
    const request = pingRequest()
    const warmUp = await loadCell(bench, contender, { request, connections: WARM_UP_CONNECTIONS, measureMs: WARM_UP_MS })
    let answered = warmUp.result.answered
    for (const connections of bench.options.connections) {
      const run = await loadCell(bench, contender, { request, connections, measureMs: bench.options.seconds * 1000 })
      answered += run.result.answered
      if (run.result.failed > 0) bench.complain(`(${contender.key}) ${connections} connections: ${run.result.failed} failed, the first with ${run.result.firstFailure}`)
      report(connections, run)
    }
    const fault = await contender.verify(answered)
    if (fault !== undefined) bench.complain(fault)
  } finally {
    await contender.stop()
  }
}

/** All contenders get the same: a ping of now, as the original's clients send it. */
export function pingRequest(): Buffer {
  return connectRequest('Ping', { timestampMs: String(Date.now()) })
}
