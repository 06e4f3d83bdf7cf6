/** Contenders (e) and (g): one prepared statement per call, directly by pg's client, without a server in between. */
import type { Client } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import type { Caller } from '../../load/caller.ts'
import { serveOrders } from '../../load/serve-orders.ts'
import { plainClient } from '../../parts/plain-client.ts'
import type { SqlOrder } from '../orders.ts'
import { LANES, TAG } from '../row-places.ts'

const order = JSON.parse(process.argv[2] ?? '') as SqlOrder
let number = 0

const STATEMENTS: Readonly<Record<SqlOrder['statement'], { text: string; values: () => unknown[] }>> = {
  insert: {
    text: 'insert into singles (id, pinged_at, lane, seq, tag) values ($1, $2, $3, $4, $5)',
    values: () => [uuidv7(), new Date(), number % LANES, Math.floor(number++ / LANES) + 1, TAG],
  },
  pgmq: {
    text: "select pgmq.send('pings', $1)",
    values: () => [JSON.stringify({ id: uuidv7(), timestampMs: Date.now() })],
  },
}
const { text, values } = STATEMENTS[order.statement]

async function open(): Promise<Caller> {
  const client: Client = plainClient(order.database)
  client.on('error', () => undefined) // it also fails the current call
  await client.connect()
  return {
    call: (answered, broken) =>
      client.query({ name: order.statement, text, values: values() }, error => (error ? broken(error) : answered())),
    close: () => void client.end(),
  }
}

serveOrders(() => open)
