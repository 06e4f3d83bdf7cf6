import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { LatencyHistogram } from '../statistics.ts'
import { HttpConnection } from './http-connection.ts'
import type { LoadOrder, LoadResult } from './messages.ts'
import type { HttpAnswer } from './response-reader.ts'

/** Every connection sends its next request as soon as the last was answered; all are answered before the end. */
export async function runClosedLoop(order: LoadOrder): Promise<LoadResult> {
  const request = Buffer.from(order.request, 'latin1')
  const connections = await Promise.all(Array.from({ length: order.connections }, () => HttpConnection.open(order.port)))
  const tally = new Tally()
  const loops = connections.map(connection => runConnection(connection, request, tally))
  await delay(order.warmUpMs)
  const cpuBefore = process.cpuUsage()
  const startedMs = tally.startMeasuring()
  await delay(order.measureMs)
  const measuredMs = tally.stopMeasuring() - startedMs
  const cpu = process.cpuUsage(cpuBefore)
  await Promise.all(loops)
  for (const connection of connections) connection.close()
  return { ...tally.result(), measuredMs, generatorLoad: (cpu.user + cpu.system) / 1000 / measuredMs }
}

function runConnection(connection: HttpConnection, request: Buffer, tally: Tally): Promise<void> {
  return new Promise(resolve => {
    let sentMs = 0
    const next = (): void => {
      if (tally.isOver) return resolve()
      sentMs = performance.now()
      connection.send(request, answered, failed)
    }
    const answered = (answer: HttpAnswer): void => {
      if (answer.status === 200) tally.answered(performance.now() - sentMs)
      else tally.failed(`${answer.status}: ${answer.body}`)
      next()
    }
    const failed = (error: Error): void => {
      tally.failed(error.message)
      resolve() // a connection that broke stays out: the figure is marked by its failures
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
    this.#latencies.add(latencyMs * 1000) // the last ones too, else slow answers would not show
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
