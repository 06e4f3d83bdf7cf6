/** The client of both brokers, a separate process: gets `ClientTask`s by IPC and answers each with a `ClientAnswer`. */
import { guardIdleConnections } from '../../../src/kafka/guard-idle-connections.ts'
import type { ClientAnswer, ClientTask } from './client-task.ts'
import { consume } from './consume.ts'
import { produce } from './produce.ts'

guardIdleConnections()

process.on('message', (task: ClientTask) => {
  const work = task.kind === 'produce' ? produce(task) : consume(task)
  work.then(
    result => answer({ result }),
    (error: Error) => answer({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')

function answer(message: ClientAnswer): void {
  process.send?.(message)
}
