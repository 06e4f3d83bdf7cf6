import type { Bench } from '../bench.ts'
import { loadCell, type LoadTarget } from '../contenders/load-cell.ts'
import { mergeRuns, type Cell, type CellRun } from '../load/cell.ts'
import { whole } from '../table.ts'

/** One of the targets that are measured in turns. */
export interface Entrant {
  /** The name of its cell. */
  readonly name: string
  readonly target: LoadTarget
  /** The bytes of the request; empty if the target is not called by HTTP. */
  readonly request: Buffer
  /** With more connections, it is skipped. */
  readonly mostConnections?: number
}

export interface Turns {
  readonly connections: number
  readonly turns: number
  readonly turnMs: number
}

/**
 * Measures one cell of each with the same number of connections. They take short turns under load, back and forth, so that a slow
 * phase of the machine affects all of them and the ratios stay correct.
 */
export async function takeTurns(bench: Bench, all: readonly Entrant[], { connections, turns, turnMs }: Turns): Promise<readonly Cell[]> {
  const entrants = all.filter(({ mostConnections = Infinity }) => connections <= mostConnections)
  const runs = new Map<Entrant, CellRun[]>(entrants.map(entrant => [entrant, []]))
  for (let turn = 0; turn < turns; turn++) {
    for (const entrant of turn % 2 === 0 ? entrants : entrants.toReversed()) {
      runs.get(entrant)?.push(await loadCell(bench, entrant.target, { request: entrant.request, connections, measureMs: turnMs }))
    }
  }
  return [...runs].map(([{ name }, each]) => {
    const cell = mergeRuns(name, connections, each)
    bench.progress(`${name}, ${connections} connections: ${whole(cell.requestsPerSecond)}/s`)
    if (cell.failed > 0) bench.complain(`${name}, ${connections} connections: ${cell.failed} failed, the first with ${cell.firstFailure}`)
    return cell
  })
}
