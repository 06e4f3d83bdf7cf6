/** The load generator, a separate process: gets `LoadOrder`s by IPC and answers each with a `LoadResult`. */
import { httpCallers } from './caller.ts'
import { serveOrders } from './serve-orders.ts'

serveOrders(httpCallers)
