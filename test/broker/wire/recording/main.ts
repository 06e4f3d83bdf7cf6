import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../../local/launch/free-port.ts'
import { KAFKA_VERSION } from '../../../../local/launch/kafka-jars.ts'
import { launchKafka } from '../../../../local/launch/kafka.ts'
import { CLIENTS } from './clients.ts'
import { writeRecorded } from './recorded-file.ts'
import { startRecorder } from './recorder.ts'

/**
 * Records the exchanges in ../recorded again: `node test/broker/wire/recording/main.ts [client…]`.
 * Needs Java with its compiler, Maven and kcat. Each client speaks at several levels, from the highest versions that both sides have down to the lowest.
 */
const LEVELS = [1, 0.75, 0.5, 0.25, 0]

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(CLIENTS)
const folder = join(import.meta.dirname, '../recorded')
mkdirSync(folder, { recursive: true })
const dataDir = mkdtempSync(join(tmpdir(), 'ping-recording-'))
const port = await freePort()
const kafka = await launchKafka({ port, dataDir })
try {
  for (const name of names) {
    const client = CLIENTS[name]
    if (!client) throw new Error(`got the client ${name}, expected one of ${Object.keys(CLIENTS).join(', ')}`)
    const exchanges = []
    for (const level of LEVELS) {
      const recorder = await startRecorder(port, level)
      await client.use(`127.0.0.1:${recorder.port}`, String(level * 10))
      exchanges.push(...recorder.exchanges)
      await recorder.close()
    }
    writeFileSync(join(folder, `${name}.txt`), writeRecorded(`${client.name} with Apache Kafka ${KAFKA_VERSION}`, exchanges))
  }
} finally {
  await kafka.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
