import { fileURLToPath } from 'node:url'
import { startIpcChild, type IpcChild } from './ipc-child.ts'
import type { LoadOrder, LoadResult, LoopOrder } from './load-order.ts'

/** How long the last requests may take after the load has ended. */
const LAST_ANSWERS_MS = 30_000

/** The load generator's process. */
export interface LoadGenerator {
  run(order: LoadOrder): Promise<LoadResult>
  stop(): Promise<void>
}

export async function startLoadGenerator(): Promise<LoadGenerator> {
  const child = await startIpcChild(fileURLToPath(new URL('main.ts', import.meta.url)))
  return { run: order => runOrder(child, order), stop: () => child.stop() }
}

/** Sends an order to a process that serves orders. */
export async function runOrder(child: IpcChild, order: LoopOrder): Promise<LoadResult> {
  const answer = (await child.ask(order, order.warmUpMs + order.measureMs + LAST_ANSWERS_MS)) as Answer
  if ('error' in answer) throw new Error(`the load generator failed: ${answer.error}`)
  return answer.result
}

type Answer = { readonly result: LoadResult } | { readonly error: string }
