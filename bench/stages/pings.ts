import { CONTENDERS, type Bench, type ContenderKey } from '../bench.ts'
import type { Contender, StartContender } from '../contenders/contender.ts'
import { loadCell } from '../contenders/load-cell.ts'
import type { Cell } from '../load/cell.ts'
import { connectRequest } from '../load/http-connection.ts'
import { takeTurns } from './turns.ts'

const WARM_UP_CONNECTIONS = 64

/** Measures Ping calls: every contender with every number of connections. All of them run all the time and take turns under load. */
export async function measurePings(bench: Bench, starters: Readonly<Record<ContenderKey, StartContender>>): Promise<readonly Cell[]> {
  const { only, connections, seconds, turns } = bench.options
  const contenders: Contender[] = []
  try {
    for (const key of CONTENDERS.filter(key => only.includes(key))) contenders.push(await starters[key](bench))
    const warmedUp = new Map<string, number>()
    for (const each of contenders) warmedUp.set(each.key, await warmUp(bench, each))
    const entrants = contenders.map(target => ({ name: target.key, target, request: pingRequest() }))
    const cells: Cell[] = []
    for (const each of connections)
      cells.push(...(await takeTurns(bench, entrants, { connections: each, turns, turnMs: (seconds * 1000) / turns })))
    for (const contender of contenders) {
      const own = cells.filter(cell => cell.contender === contender.key)
      const fault = await contender.verify(own.reduce((sum, cell) => sum + cell.answered, warmedUp.get(contender.key) ?? 0))
      if (fault !== undefined) bench.complain(fault)
    }
    return contenders.flatMap(({ key }) => cells.filter(cell => cell.contender === key))
  } finally {
    for (const contender of contenders) await contender.stop()
  }
}

/** Returns how many it answered. */
async function warmUp(bench: Bench, contender: Contender): Promise<number> {
  const { result } = await loadCell(bench, contender, {
    request: pingRequest(),
    connections: WARM_UP_CONNECTIONS,
    measureMs: bench.options.warmUpMs,
  })
  return result.answered
}

/** All contenders get the same request: a ping with the current time, as the original's clients send it. */
export function pingRequest(): Buffer {
  return connectRequest('Ping', { timestampMs: String(Date.now()) })
}
