/** Contender (f): one publish to JetStream per call, answered after it is stored. */
import { v7 as uuidv7 } from 'uuid'
import type { Caller } from '../../load/caller.ts'
import { serveOrders } from '../../load/serve-orders.ts'
import { NatsConnection } from './nats-connection.ts'

const [port, subject = ''] = process.argv.slice(2)

async function open(): Promise<Caller> {
  const connection = await NatsConnection.open(Number(port))
  return {
    call: (answered, broken) => {
      const stored = (answer: string): void => answered(answer.includes('"error"') ? answer : undefined)
      connection.send(subject, JSON.stringify({ id: uuidv7(), timestampMs: Date.now() }), stored, broken)
    },
    close: () => connection.close(),
  }
}

serveOrders(() => open)
