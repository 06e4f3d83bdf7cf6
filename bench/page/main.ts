/** `npm run bench:page`: what viewers of the live page cost the server, at rest and under load. Linux only. */
import { wait } from '../../src/runtime/wait.ts'
import { readCommand } from '../bench-command.ts'
import type { Bench } from '../bench.ts'
import { startPing, type PingContender } from '../contenders/start-ping.ts'
import { connectRequest } from '../load/http-connection.ts'
import { startLoadGenerator } from '../load/load-generator.ts'
import { readMachineTime, shareOfOthers } from '../measuring/cpu.ts'
import { readRunningMs } from '../measuring/running-time.ts'
import { missingForBench, startParts } from '../parts/parts.ts'
import { runAndExit } from '../run-and-exit.ts'
import { openViewers } from './viewers.ts'

/** A run that hangs is ended after this time. */
const MAX_RUN_MS = 6 * 60_000
const REST = { viewers: [0, 1, 100], turns: 3, turnMs: 12_000, aimPercent: 0.1 }
const LOAD = { viewers: [0, 1_000], turns: 3, turnMs: 5_000, connections: 64 }
const PING = connectRequest('Ping', {}).toString('latin1')

/** The mean of some turns. */
interface Cost {
  /** Of one core. */
  readonly percent: number
  /** Events that a viewer got in a second. */
  readonly eventsPerSecond: number
  readonly pingsPerSecond: number
}

const { options } = readCommand([...process.argv.slice(0, 2), '--quick'])
const missing = process.platform === 'linux' ? missingForBench(options.broker) : 'CPU time is read from /proc'
if (missing !== undefined) {
  console.error(`the bench cannot run here: ${missing}`)
  process.exit(1)
}

await runAndExit(MAX_RUN_MS, async ({ teardown, progress, complain }) => {
  const parts = await startParts(teardown, options)
  const generator = await startLoadGenerator()
  teardown.add(generator.stop)
  const bench: Bench = { options, parts, generator, teardown, progress, complain }
  const ping = await startPing(bench, 'page', 1)
  const before = readMachineTime()
  await load(bench, ping, 0, 2_000)
  await load(bench, ping, 1_000, 2_000) // code that is not compiled yet is slow
  const rest = await alternate(REST.turns, viewers => atRest(ping, viewers, progress), REST.viewers)
  const loaded = await alternate(LOAD.turns, viewers => load(bench, ping, viewers, LOAD.turnMs), LOAD.viewers)
  const after = readMachineTime()
  await ping.stop()
  console.log(render(rest, loaded, before && after && shareOfOthers(before, after)))
})

/** Measures each number of viewers in turn, so that a change of the machine meets all. */
async function alternate(turns: number, measure: (viewers: number) => Promise<Cost>, viewers: readonly number[]): Promise<readonly Cost[]> {
  const costs = viewers.map((): Cost[] => [])
  for (let turn = 0; turn < turns; turn++) {
    for (const [index, count] of viewers.entries()) costs[index]!.push(await measure(count))
  }
  return costs.map(mean)
}

async function atRest(ping: PingContender, viewers: number, progress: (text: string) => void): Promise<Cost> {
  progress(`at rest with ${viewers} viewers`)
  return withViewers(ping, viewers, () => wait(REST.turnMs))
}

async function load({ generator, progress }: Bench, ping: PingContender, viewers: number, measureMs: number): Promise<Cost> {
  progress(`under load with ${viewers} viewers`)
  const cost = await withViewers(ping, viewers, async () => {
    const result = await generator.run({ port: ping.port, request: PING, connections: LOAD.connections, warmUpMs: 300, measureMs })
    return (result.measured * 1_000) / result.measuredMs
  })
  await ping.settle()
  return cost
}

/** What the server uses while `work` runs and viewers watch. */
async function withViewers(ping: PingContender, count: number, work: () => Promise<number | void>): Promise<Cost> {
  const viewers = await openViewers(ping.port, count)
  await wait(1_500) // what it costs to open the page is not what it costs to watch it
  const pid = ping.pids['server'] as number
  const [beganMs, eventsBefore, ranMs] = [performance.now(), viewers.events(), readRunningMs(pid)]
  const pingsPerSecond = (await work()) ?? 0
  const tookMs = performance.now() - beganMs
  const cost = {
    percent: (100 * (readRunningMs(pid) - ranMs)) / tookMs,
    eventsPerSecond: count === 0 ? 0 : ((viewers.events() - eventsBefore) * 1_000) / tookMs / count,
    pingsPerSecond,
  }
  viewers.close()
  await wait(500)
  return cost
}

function mean(costs: readonly Cost[]): Cost {
  const of = (pick: (cost: Cost) => number): number => costs.reduce((sum, cost) => sum + pick(cost), 0) / costs.length
  return {
    percent: of(cost => cost.percent),
    eventsPerSecond: of(cost => cost.eventsPerSecond),
    pingsPerSecond: of(cost => cost.pingsPerSecond),
  }
}

function render(rest: readonly Cost[], loaded: readonly Cost[], others: number | undefined): string {
  const [noRest, noLoad] = [rest[0]!, loaded[0]!]
  const restLine = ({ percent, eventsPerSecond }: Cost, index: number): string =>
    `at rest, ${viewers(REST.viewers[index]!)} ${percent.toFixed(2)} %, ${(percent - noRest.percent).toFixed(2)} % more, ${eventsPerSecond.toFixed(2)} events/s for each`
  const loadLine = ({ percent, eventsPerSecond, pingsPerSecond }: Cost, index: number): string =>
    `under load, ${viewers(LOAD.viewers[index]!)} ${percent.toFixed(0)} %, ${pingsPerSecond.toFixed(0)} pings/s (ratio ${(pingsPerSecond / noLoad.pingsPerSecond).toFixed(3)}), ${eventsPerSecond.toFixed(2)} events/s for each`
  return [
    'What viewers of the live page cost the server, in % of one core',
    `(aim: ${REST.aimPercent} % more for ${REST.viewers.at(-1)} viewers at rest; other programs used ${((others ?? 0) * 100).toFixed(0)} % of the machine)`,
    '',
    ...rest.map(restLine),
    ...loaded.map(loadLine),
  ].join('\n')
}

function viewers(count: number): string {
  return `${count} ${count === 1 ? 'viewer' : 'viewers'}:`
}
