import type { Bench } from '../bench.ts'
import type { Cell } from '../load/cell.ts'
import { connectRequest } from '../load/http-connection.ts'
import type { CountServer } from './count-servers.ts'
import { pingRequest } from './pings.ts'
import { takeTurns } from './turns.ts'

/** The same calls on a ledger with few and on one with many rows. */
export interface RowsComparison {
  readonly fewRows: number
  readonly manyRows: number
  readonly comparisons: readonly Comparison[]
}

export interface Comparison {
  readonly what: string
  readonly few: Cell
  readonly many: Cell
}

interface Ledger extends CountServer {
  readonly rows: number
}

const CONNECTIONS = 64
/** Few and many rows take turns this often, so that a slow moment of the machine affects both. */
const TURNS = 4
const TURN_MS = 500

/** Measures strong totals and pings on both, turn by turn; first the calls that do not change the number of rows. */
export async function compareRows(bench: Bench, ledgers: { readonly few: Ledger; readonly many: Ledger }): Promise<RowsComparison> {
  const calls = [
    { what: 'strong total', request: connectRequest('PingCount', { consistency: 'CONSISTENCY_STRONG' }) },
    { what: 'ping', request: pingRequest() },
  ]
  const comparisons: Comparison[] = []
  for (const { what, request } of calls) {
    const entrants = (['few', 'many'] as const).map(key => {
      return { name: `${what}, ${key} rows`, target: { ...ledgers[key], settle: async () => undefined }, request }
    })
    await takeTurns(bench, entrants, { connections: CONNECTIONS, turns: 1, turnMs: TURN_MS }) // the hot code is compiled
    const [few, many] = await takeTurns(bench, entrants, { connections: CONNECTIONS, turns: TURNS, turnMs: TURN_MS })
    if (few && many) comparisons.push({ what, few, many })
  }
  return { fewRows: ledgers.few.rows, manyRows: ledgers.many.rows, comparisons }
}
