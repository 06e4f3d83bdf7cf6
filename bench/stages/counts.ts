import type { Bench } from '../bench.ts'
import { loadCell } from '../contenders/load-cell.ts'
import { askCount } from '../load/ask-count.ts'
import type { Cell } from '../load/cell.ts'
import { connectRequest } from '../load/http-connection.ts'
import { whole } from '../table.ts'
import { createCountPlaces, type CountPlaces } from './count-places.ts'
import { startCountServers, type CountServer, type CountServers, type CountServersOptions } from './count-servers.ts'
import { compareRows, type RowsComparison } from './rows-comparison.ts'
import { takeTurns, type Entrant } from './turns.ts'

/** The cost of PingCount calls. */
export interface Counts {
  readonly rows: number
  readonly cells: readonly Cell[]
  /** The same calls on few and on many rows. */
  readonly onRows: RowsComparison
}

/** The names of the questions whose cells are judged. */
export const ASKED = {
  bare: 'bare node:http',
  noOp: 'no-op through Connect',
  cached: 'Ping: total, cached',
  week: 'Ping: week, cached',
  strongWeek: 'Ping: week, strong',
} as const

/** One way to ask for a count. Those of the same kind must give the same answer. */
interface Question {
  readonly name: string
  readonly kind: 'none' | 'total' | 'range' | 'week'
  readonly server: CountServer
  readonly message: object
}

const TURNS = 2
const MAX_MS = 1_000
const WARM_UP_CONNECTIONS = 16
/** Servers are asked more than one question: each warms them up for the next. */
const WARM_UPS = 5

/** Measures PingCount: the original's way against Ping's, on the same rows. */
export async function measureCounts(bench: Bench, options: CountServersOptions): Promise<Counts> {
  const rows = bench.options.countRows
  bench.progress(`filling ${whole(rows)} rows for the counts`)
  const places = await createCountPlaces(bench)
  const servers = await startCountServers(bench, places, options)
  try {
    const questions = questionsTo(servers, places)
    await checkAnswers(bench, questions)
    const cells = await measureQuestions(bench, questions)
    const onRows = await compareRows(bench, { few: { ...servers.pingSmall, rows: places.smallRows }, many: { ...servers.ping, rows } })
    return { rows, cells, onRows }
  } finally {
    await servers.stop()
    for (const database of [places.plain, places.ping, places.small]) await database.drop()
  }
}

function questionsTo(servers: CountServers, { range: timeRange, week }: CountPlaces): readonly Question[] {
  const { bare, noOp, plain, plainCache, ping } = servers
  const strong = { consistency: 'CONSISTENCY_STRONG' }
  return [
    { name: ASKED.bare, kind: 'none', server: bare, message: {} },
    { name: ASKED.noOp, kind: 'none', server: noOp, message: {} },
    { name: 'plain: total by COUNT(*)', kind: 'total', server: plain, message: {} },
    { name: 'plain: total from the cache', kind: 'total', server: plainCache, message: {} },
    { name: ASKED.cached, kind: 'total', server: ping, message: {} },
    { name: 'Ping: total, strong', kind: 'total', server: ping, message: strong },
    { name: 'plain: six hours by COUNT(*)', kind: 'range', server: plain, message: { timeRange } },
    { name: 'Ping: six hours, cached', kind: 'range', server: ping, message: { timeRange } },
    { name: 'Ping: six hours, strong', kind: 'range', server: ping, message: { timeRange, ...strong } },
    { name: 'plain: week by COUNT(*)', kind: 'week', server: plain, message: { timeRange: week } },
    { name: ASKED.week, kind: 'week', server: ping, message: { timeRange: week } },
    { name: ASKED.strongWeek, kind: 'week', server: ping, message: { timeRange: week, ...strong } },
  ]
}

/** If the answers differ, so does the work. */
async function checkAnswers(bench: Bench, questions: readonly Question[]): Promise<void> {
  for (const kind of ['total', 'range', 'week']) {
    const answers: Record<string, number> = {}
    for (const { name, server, message } of questions.filter(question => question.kind === kind)) {
      answers[name] = (await askCount(server.port, message)).count
    }
    const counts = new Set(Object.values(answers))
    const expected = kind === 'total' ? bench.options.countRows : [...counts][0]
    if (counts.size !== 1 || !counts.has(expected ?? NaN))
      bench.complain(`expected ${kind} ${expected} from all, got ${JSON.stringify(answers)}`)
  }
}

async function measureQuestions(bench: Bench, questions: readonly Question[]): Promise<readonly Cell[]> {
  const entrants = questions.map(({ name, server, message }): Entrant => {
    return { name, target: { ...server, settle: async () => undefined }, request: connectRequest('PingCount', message) }
  })
  for (const { target, request } of entrants)
    await loadCell(bench, target, { request, connections: WARM_UP_CONNECTIONS, measureMs: bench.options.warmUpMs / WARM_UPS })
  const turnMs = Math.min(MAX_MS, bench.options.seconds * 1000) / TURNS
  const cells: Cell[] = []
  for (const connections of bench.options.countConnections)
    cells.push(...(await takeTurns(bench, entrants, { connections, turns: TURNS, turnMs })))
  return questions.flatMap(({ name }) => cells.filter(cell => cell.contender === name))
}
