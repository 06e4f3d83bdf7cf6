import { fileURLToPath } from 'node:url'
import { startIpcChild } from '../ipc-child.ts'
import type { LoadOrder, LoadResult } from './messages.ts'

/** How long requests under way may take to be answered after the load has ended. */
const LAST_ANSWERS_MS = 30_000

/** The load generator's process. */
export interface LoadGenerator {
  run(order: LoadOrder): Promise<LoadResult>
  stop(): Promise<void>
}

export async function startLoadGenerator(): Promise<LoadGenerator> {
  const child = await startIpcChild(fileURLToPath(new URL('main.ts', import.meta.url)))
  return {
    run: async order => {
      const answer = (await child.ask(order, order.warmUpMs + order.measureMs + LAST_ANSWERS_MS)) as Answer
      if ('error' in answer) throw new Error(`the load generator failed: ${answer.error}`)
      return answer.result
    },
    stop: () => child.stop(),
  }
}

type Answer = { readonly result: LoadResult } | { readonly error: string }
