/** The load generator, a process of its own: takes `LoadOrder`s by IPC and answers each with a `LoadResult`. */
import { runClosedLoop } from './closed-loop.ts'
import type { LoadOrder } from './messages.ts'

process.on('message', (order: LoadOrder) => {
  runClosedLoop(order).then(
    result => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
