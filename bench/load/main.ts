/** The load generator, a process of its own: takes `LoadOrder`s by IPC and answers each with a `LoadResult`. */
import { httpCallers } from './caller.ts'
import { serveOrders } from './serve-orders.ts'

serveOrders(httpCallers)
