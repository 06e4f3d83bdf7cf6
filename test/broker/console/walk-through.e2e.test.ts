import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Broker } from '../../../broker/broker.ts'
import { LineClient } from './line-client.ts'

const PROMPT = '> '
/** Replaces `nc` if that is missing: it ends when the other side does. */
const NETCAT = `const socket = require('node:net').connect(process.env.PORT, '127.0.0.1'); process.stdin.pipe(socket, { end: false }); socket.pipe(process.stdout); socket.on('close', () => process.exit())`

function sessions(): string[][] {
  const document = readFileSync(new URL('../../../docs/line-console.md', import.meta.url), 'utf8')
  return [...document.matchAll(/^```text\n(.*?)^```$/gms)].map(([, block]) => block!.trimEnd().split('\n'))
}

/** Runs a pipeline of the document and returns its lines. */
async function pipeline(command: string, port: number): Promise<string[]> {
  const shell = `nc() { "$NODE" -e "$NETCAT"; }\n${command}`
  const env = { ...process.env, NODE: process.execPath, NETCAT, PORT: String(port) }
  const { stdout } = await promisify(execFile)('sh', ['-c', shell], { env, timeout: 60_000 })
  return stdout.trimEnd().split('\n')
}

test('the walk-through of the line console in the documentation works as printed', { timeout: 240_000 }, async () => {
  const broker = await Broker.start({ config: { storage: 'memory', listeners: 'PLAINTEXT://127.0.0.1:0', 'line.console.port': 0 } })
  const port = broker.consolePort!
  let client: LineClient | undefined
  let answers: string[] = []
  try {
    for (const line of sessions().flat()) {
      if (!line.startsWith('$ ') && !line.startsWith(PROMPT)) {
        expect(answers.shift()).toBe(line)
        continue
      }
      expect(answers, 'answers that the document does not show').toEqual([])
      if (line.startsWith(PROMPT)) answers = [await client!.ask(line.slice(PROMPT.length))]
      else {
        await client?.leave()
        client = line === '$ nc localhost 9090' ? await LineClient.connect(port) : undefined
        answers = client ? [client.help] : await pipeline(line.slice(2), port)
      }
    }
    expect(answers).toEqual([])
    expect(sessions()).toHaveLength(5)
  } finally {
    client?.cut()
    await broker.stop()
  }
})
