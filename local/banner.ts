import type { Address } from './ping-parts.ts'
import type { LocalSettings } from './settings.ts'

const DEFAULT_PORT = 8080

/** What is printed when Ping can be used: where everything is, and lines to copy. */
export function banner(settings: LocalSettings, dataDir: string, addresses: readonly Address[]): string {
  const { serverPort } = settings
  const server = `http://127.0.0.1:${serverPort}`
  const cli = serverPort === DEFAULT_PORT ? 'npx pingcli' : `PING_ADDRESS=${server} npx pingcli`
  const cache = addresses.find(({ name }) => name === 'cache')?.address ?? ''
  const lines = [
    `Ping runs. Its data lies in ${dataDir}`,
    '',
    ...addresses.map(({ name, address, kind }) => `  ${name.padEnd(10)} ${address}${kind ? `  (${kind})` : ''}`),
    '',
    'Try it:',
    `  curl -H 'Content-Type: application/json' -d '{}' ${server}/ping.v1.PingService/Ping`,
    `  curl -H 'Content-Type: application/json' -d '{}' ${server}/ping.v1.PingService/PingCount`,
    `  ${cli} ping -n 1000`,
    `  ${cli} count`,
    `  redis-cli -u ${cache} HGETALL ping:counters`,
    '',
    'Ctrl-C stops everything.',
  ]
  return `${lines.join('\n')}\n`
}
