import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { LatencyHistogram } from '../measuring/statistics.ts'
import type { Caller } from './caller.ts'
import type { LoopOrder, LoadResult } from './load-order.ts'

/** Every caller makes its next call as soon as the last was answered; all are answered before the end. */
export async function runClosedLoop(order: LoopOrder, open: () => Promise<Caller>): Promise<LoadResult> {
  const callers = await Promise.all(Array.from({ length: order.connections }, open))
  const tally = new Tally()
  const loops = callers.map(caller => runCaller(caller, tally))
  await delay(order.warmUpMs)
  const cpuBefore = process.cpuUsage()
  const startedMs = tally.startMeasuring()
  await delay(order.measureMs)
  const measuredMs = tally.stopMeasuring() - startedMs
  const cpu = process.cpuUsage(cpuBefore)
  await Promise.all(loops)
  for (const caller of callers) caller.close()
  return { ...tally.result(), measuredMs, generatorLoad: (cpu.user + cpu.system) / 1000 / measuredMs }
}

function runCaller(caller: Caller, tally: Tally): Promise<void> {
  return new Promise(resolve => {
    let sentMs = 0
    const next = (): void => {
      if (tally.isOver) return resolve()
      sentMs = performance.now()
      caller.call(answered, broken)
    }
    const answered = (failure?: string): void => {
      if (failure === undefined) tally.answered(performance.now() - sentMs)
      else tally.failed(failure)
      next()
    }
    const broken = (error: Error): void => {
      tally.failed(error.message)
      resolve() // a broken connection is not used again: the failures mark the figure
    }
    next()
  })
}

class Tally {
  isOver = false
  #isWarm = false
  #answered = 0
  #failed = 0
  #firstFailure: string | undefined
  #measured = 0
  readonly #latencies = new LatencyHistogram()

  startMeasuring(): number {
    this.#isWarm = true
    return performance.now()
  }

  stopMeasuring(): number {
    this.isOver = true
    return performance.now()
  }

  answered(latencyMs: number): void {
    this.#answered++
    if (!this.#isWarm) return
    if (!this.isOver) this.#measured++
    this.#latencies.add(latencyMs * 1000) // including the last ones, or slow answers would not show
  }

  failed(why: string): void {
    this.#failed++
    this.#firstFailure ??= why
  }

  result(): Omit<LoadResult, 'measuredMs' | 'generatorLoad'> {
    return {
      answered: this.#answered,
      failed: this.#failed,
      ...(this.#firstFailure !== undefined && { firstFailure: this.#firstFailure }),
      measured: this.#measured,
      latencies: this.#latencies.toJSON(),
    }
  }
}
