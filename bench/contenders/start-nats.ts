import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild, untilReady } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import type { Bench } from '../bench.ts'
import { startIpcChild } from '../load/ipc-child.ts'
import { runOrder } from '../load/load-generator.ts'
import { NatsConnection } from './clients/nats-connection.ts'
import { programFile, type Contender } from './contender.ts'

const STREAM = 'PINGS'
const SUBJECT = 'pings'
const READY = 'Server is ready'

/** Contender (f): NATS JetStream with one stream in files, which it writes to the disk (fsync) before it answers. */
export async function startNats(bench: Bench): Promise<Contender> {
  const [port, monitorPort] = [await freePort(), await freePort()]
  const server = await startServer(bench, port, monitorPort)
  const connection = await NatsConnection.open(port)
  const ask = async (subject: string, body: object): Promise<Answer> => JSON.parse(await connection.request(subject, JSON.stringify(body)))
  const created = await ask(`$JS.API.STREAM.CREATE.${STREAM}`, { name: STREAM, subjects: [SUBJECT], storage: 'file', num_replicas: 1 })
  if (created.error !== undefined) throw new Error(`NATS: no stream: ${created.error.description}`)
  const client = await startIpcChild(programFile('clients/nats.ts'), [String(port), SUBJECT])
  bench.teardown.add(client.stop)
  return {
    key: 'f',
    port: 0,
    pids: { nats: server.pid },
    run: load => runOrder(client, load),
    settle: async () => undefined,
    verify: async answered => {
      const { state } = await ask(`$JS.API.STREAM.INFO.${STREAM}`, {})
      const { config } = (await (await fetch(`http://127.0.0.1:${monitorPort}/jsz`)).json()) as { config: { sync_always?: boolean } }
      if (state?.messages === answered && config.sync_always === true) return undefined
      return `NATS: ${answered} answered, ${state?.messages} messages, sync_always ${config.sync_always}; expected as many messages, and true`
    },
    stop: async () => {
      connection.close()
      await client.stop()
      await server.stop()
    },
  }
}

interface Answer {
  readonly error?: { readonly description: string }
  readonly state?: { readonly messages: number }
}

async function startServer(bench: Bench, port: number, monitorPort: number) {
  const folder = mkdtempSync(join(tmpdir(), 'ping-bench-nats-'))
  chmodSync(folder, 0o755)
  bench.teardown.add(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'nats.conf')
  writeFileSync(
    file,
    `host: 127.0.0.1\nport: ${port}\nhttp: 127.0.0.1:${monitorPort}\njetstream { store_dir: "${folder}", sync_interval: always }\n`,
  )
  const child = await startChild({ name: 'nats', command: bench.options.natsServer ?? '', args: ['-c', file] })
  bench.teardown.add(() => child.stop())
  let isReady = false
  const unwatch = child.watch(line => (isReady ||= line.includes(READY)))
  await untilReady(child, () => isReady || child.tail().some(line => line.includes(READY))).finally(unwatch)
  return child
}
