import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'

/** As much of redis-cli as the lines use that Ping prints and documents, for machines that have none. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { uri: { type: 'string', short: 'u' }, port: { type: 'string', short: 'p', default: '6379' } },
})
const [command = 'PING', ...args] = positionals
const client = new Redis(values.uri ?? `redis://127.0.0.1:${values.port}`)
const answer = await client.call(command, ...args)
// Into a pipe it prints one value a line.
process.stdout.write(`${[answer].flat(Infinity).join('\n')}\n`)
client.disconnect()
