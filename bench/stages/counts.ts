import { askCount } from '../ask-count.ts'
import type { Bench } from '../bench.ts'
import { mergeRuns, type Cell } from '../cells.ts'
import { connectRequest } from '../load/http-connection.ts'
import { whole } from '../table.ts'
import { createCountPlaces, type CountPlaces } from './count-places.ts'
import { startCountServers, type CountServer, type CountServers, type CountServersOptions } from './count-servers.ts'
import { loadCell } from './load-cell.ts'
import { compareStrong, type StrongComparison } from './strong-comparison.ts'

/** What PingCount calls cost. */
export interface Counts {
  readonly rows: number
  readonly cells: readonly Cell[]
  readonly strong: StrongComparison
}

/** One way to ask for a count. Those of the same kind must give the same answer. */
interface Question {
  readonly name: string
  readonly kind: 'none' | 'total' | 'range'
  readonly server: CountServer
  readonly message: object
  readonly mostConnections?: number
}

const LONGEST_MS = 1_000
const WARM_UP_MS = 500
const WARM_UP_CONNECTIONS = 16
/** With more, each COUNT(*) would wait seconds for its turn and tell nothing new. */
const MOST_CONNECTIONS_OF_COUNT_STAR = 64

/** Measures PingCount: the original's way against Ping's, on the same rows. */
export async function measureCounts(bench: Bench, options: CountServersOptions): Promise<Counts> {
  const rows = bench.options.countRows
  bench.progress(`filling ${whole(rows)} rows for the counts`)
  const places = await createCountPlaces(bench)
  const servers = await startCountServers(bench, places, options)
  try {
    const questions = questionsTo(servers, places)
    await checkAnswers(bench, questions)
    const cells: Cell[] = []
    for (const question of questions) cells.push(...(await measureQuestion(bench, question)))
    const small = { port: servers.pingSmall.port, rows: places.smallRows }
    return { rows, cells, strong: await compareStrong(bench, { small, large: { port: servers.ping.port, rows } }) }
  } finally {
    await servers.stop()
    for (const database of [places.plain, places.ping, places.small]) await database.drop()
  }
}

function questionsTo(servers: CountServers, { range: timeRange }: CountPlaces): readonly Question[] {
  const { noOp, plain, plainCache, ping } = servers
  const strong = { consistency: 'CONSISTENCY_STRONG' }
  const star = { server: plain, mostConnections: MOST_CONNECTIONS_OF_COUNT_STAR }
  return [
    { name: 'no-op behind Connect', kind: 'none', server: noOp, message: {} },
    { name: 'plain: total by COUNT(*)', kind: 'total', message: {}, ...star },
    { name: 'plain: total from the cache', kind: 'total', server: plainCache, message: {} },
    { name: 'Ping: total, cached', kind: 'total', server: ping, message: {} },
    { name: 'Ping: total, strong', kind: 'total', server: ping, message: strong },
    { name: 'plain: range by COUNT(*)', kind: 'range', message: { timeRange }, ...star },
    { name: 'Ping: range, cached', kind: 'range', server: ping, message: { timeRange } },
    { name: 'Ping: range, strong', kind: 'range', server: ping, message: { timeRange, ...strong } },
  ]
}

/** Ways with different answers would do different work. */
async function checkAnswers(bench: Bench, questions: readonly Question[]): Promise<void> {
  for (const kind of ['total', 'range']) {
    const answers: Record<string, number> = {}
    for (const { name, server, message } of questions.filter(question => question.kind === kind)) {
      answers[name] = (await askCount(server.port, message)).count
    }
    const counts = new Set(Object.values(answers))
    const expected = kind === 'total' ? bench.options.countRows : [...counts][0]
    if (counts.size !== 1 || !counts.has(expected ?? NaN)) bench.complain(`expected ${kind} ${expected} from all, got ${JSON.stringify(answers)}`)
  }
}

async function measureQuestion(bench: Bench, question: Question): Promise<readonly Cell[]> {
  const { name, server, message, mostConnections = Infinity } = question
  const target = { ...server, settle: async () => undefined }
  const request = connectRequest('PingCount', message)
  const measureMs = Math.min(LONGEST_MS, bench.options.seconds * 1000)
  await loadCell(bench, target, { request, connections: WARM_UP_CONNECTIONS, measureMs: WARM_UP_MS })
  const cells: Cell[] = []
  for (const connections of bench.options.connections.filter(each => each <= mostConnections)) {
    const cell = mergeRuns(name, connections, [await loadCell(bench, target, { request, connections, measureMs })])
    if (cell.failed > 0) bench.complain(`${name}, ${connections} connections: ${cell.failed} failed, the first with ${cell.firstFailure}`)
    cells.push(cell)
    bench.progress(`${name}, ${connections} connections: ${whole(cell.requestsPerSecond)}/s`)
  }
  return cells
}
