/** For the bulk stage: one binary PingBatch of many pings per call, each ping with its own id and timestamp. */
import { v7 as uuidv7 } from 'uuid'
import type { Caller } from '../../load/caller.ts'
import { HttpConnection } from '../../load/http-connection.ts'
import { serveOrders } from '../../load/serve-orders.ts'
import type { BatchOrder } from '../orders.ts'
import { PING_BYTES, writePings } from './write-pings.ts'

const { port, rows } = JSON.parse(process.argv[2] ?? '') as BatchOrder
/** Each result an empty message: a tag and the length 0. */
const ALL_ACKNOWLEDGED = '\n\0'.repeat(rows)

async function open(): Promise<Caller> {
  const connection = await HttpConnection.open(port)
  const head = `POST /ping.v1.PingService/PingBatch HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/proto\r\ncontent-length: ${rows * PING_BYTES}\r\n\r\n`
  const request = Buffer.concat([Buffer.from(head), Buffer.alloc(rows * PING_BYTES)])
  return {
    call: (answered, broken) => {
      writePings(request, head.length, { count: rows, timestampMs: Date.now(), newId: uuidv7 })
      connection.send(
        request,
        ({ status, body }) => answered(status === 200 && body === ALL_ACKNOWLEDGED ? undefined : `${status}: ${body.slice(0, 300)}`),
        broken,
      )
    },
    close: () => connection.close(),
  }
}

serveOrders(() => open)
