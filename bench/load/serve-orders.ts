import type { Caller } from './caller.ts'
import type { LoopOrder } from './load-order.ts'
import { runClosedLoop } from './run-closed-loop.ts'

/** Makes this process a load generator: it gets orders by IPC, answers each with a `LoadResult`, and ends with the bench. */
export function serveOrders<Order extends LoopOrder>(callers: (order: Order) => () => Promise<Caller>): void {
  process.on('message', (order: Order) => {
    runClosedLoop(order, callers(order)).then(
      result => process.send?.({ result }),
      (error: Error) => process.send?.({ error: error.message }),
    )
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}
