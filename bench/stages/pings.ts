import { CONTENDERS, type Bench, type ContenderKey } from '../bench.ts'
import { mergeRuns, type Cell, type CellRun } from '../cells.ts'
import type { Contender, StartContender } from '../contenders/contender.ts'
import { connectRequest } from '../load/http-connection.ts'
import { whole } from '../table.ts'
import { loadCell } from './load-cell.ts'

/** A new process is slow until its hot code is compiled. */
const WARM_UP_MS = 2_000
const WARM_UP_CONNECTIONS = 64

/** A contender under test, with all that it answered so far. */
interface Entrant {
  readonly contender: Contender
  answered: number
}

/**
 * Measures Ping calls: every contender at every number of connections. All of them run all the time and take
 * short turns under load, so that a machine that is slower for a while is so for all: ratios stay true.
 */
export async function measurePings(
  bench: Bench,
  starters: Readonly<Record<ContenderKey, StartContender>>,
): Promise<readonly Cell[]> {
  const keys = CONTENDERS.filter(key => bench.options.only.includes(key))
  const entrants: Entrant[] = []
  try {
    for (const key of keys) entrants.push({ contender: await starters[key](bench), answered: 0 })
    for (const entrant of entrants) await load(bench, entrant, WARM_UP_CONNECTIONS, WARM_UP_MS)
    const cells: Cell[] = []
    for (const connections of bench.options.connections) cells.push(...(await takeTurns(bench, entrants, connections)))
    await verifyAll(bench, entrants)
    return keys.flatMap(key => cells.filter(cell => cell.contender === key))
  } finally {
    for (const { contender } of entrants) await contender.stop()
  }
}

async function takeTurns(bench: Bench, entrants: readonly Entrant[], connections: number): Promise<readonly Cell[]> {
  const { seconds, turns } = bench.options
  const runs = new Map<Entrant, CellRun[]>(entrants.map(entrant => [entrant, []]))
  for (let turn = 0; turn < turns; turn++) {
    for (const entrant of turn % 2 === 0 ? entrants : entrants.toReversed()) {
      runs.get(entrant)?.push(await load(bench, entrant, connections, (seconds * 1000) / turns))
    }
  }
  return [...runs].map(([{ contender }, each]) => {
    const cell = mergeRuns(contender.key, connections, each)
    bench.progress(`(${contender.key}) ${connections} connections: ${whole(cell.requestsPerSecond)} pings/s`)
    if (cell.failed > 0) bench.complain(`(${contender.key}) ${connections} connections: ${cell.failed} failed, the first with ${cell.firstFailure}`)
    return cell
  })
}

async function load(bench: Bench, entrant: Entrant, connections: number, measureMs: number): Promise<CellRun> {
  const run = await loadCell(bench, entrant.contender, { request: pingRequest(), connections, measureMs })
  entrant.answered += run.result.answered
  return run
}

async function verifyAll(bench: Bench, entrants: readonly Entrant[]): Promise<void> {
  for (const { contender, answered } of entrants) {
    const fault = await contender.verify(answered)
    if (fault !== undefined) bench.complain(fault)
  }
}

/** All contenders get the same: a ping of now, as the original's clients send it. */
export function pingRequest(): Buffer {
  return connectRequest('Ping', { timestampMs: String(Date.now()) })
}
