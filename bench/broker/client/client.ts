import { fileURLToPath } from 'node:url'
import { startIpcChild } from '../../load/ipc-child.ts'
import type { ClientAnswer, ClientResult, ClientTask } from './client-task.ts'

const LIMIT_MS = 120_000

/** The client's process. */
export interface Client {
  run(task: ClientTask): Promise<ClientResult>
  stop(): Promise<void>
}

export async function startClient(): Promise<Client> {
  const child = await startIpcChild(fileURLToPath(new URL('main.ts', import.meta.url)))
  return {
    run: async task => {
      const answer = (await child.ask(task, LIMIT_MS)) as ClientAnswer
      if ('error' in answer) throw new Error(`${task.kind} on ${task.place.topic} failed: ${answer.error}`)
      return answer.result
    },
    stop: () => child.stop(),
  }
}
