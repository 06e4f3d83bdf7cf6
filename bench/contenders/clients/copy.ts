/** For the bulk stage: one COPY of many rows per call, directly by pg's client, each its own durable transaction. */
import type { Client } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import type { Caller } from '../../load/caller.ts'
import { serveOrders } from '../../load/serve-orders.ts'
import { plainClient } from '../../parts/plain-client.ts'
import type { CopyOrder } from '../orders.ts'
import { LANES, TAG } from '../row-places.ts'
import { CopyIn } from './copy-in.ts'

const { database, rows, firstSeq } = JSON.parse(process.argv[2] ?? '') as CopyOrder
let [batches, nextSeq] = [0, firstSeq]

async function open(): Promise<Caller> {
  const client: Client = plainClient(database)
  client.on('error', () => undefined) // it also fails the current call
  await client.connect()
  return {
    call: (answered, broken) =>
      void client.query(
        new CopyIn('copy copied (id, pinged_at, lane, seq, tag) from stdin', nextRows(), error => (error ? broken(error) : answered())),
      ),
    close: () => void client.end(),
  }
}

/** Similar to Ping's recorder: one lane per batch, numbers without gaps, and one tag. */
function nextRows(): Buffer {
  const lane = batches++ % LANES
  const pingedAt = new Date().toISOString()
  let text = ''
  for (let n = 0; n < rows; n++) text += `${uuidv7()}\t${pingedAt}\t${lane}\t${nextSeq++}\t${TAG}\n`
  return Buffer.from(text, 'latin1')
}

serveOrders(() => open)
