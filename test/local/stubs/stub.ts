import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import pg from 'pg'

/** A stub for a program: says that it is ready, and at its end which parts still run. It ends ANSWER_WITHIN_MS later. */
export function stub(port: number): void {
  const server = createServer((_, response) => response.end('ok')).listen(port, process.env['HOST']?.split(',')[0])
  console.log(`environment: ${Object.keys(process.env).toSorted().join(' ')}`)
  process.once('SIGTERM', async () => {
    console.log(`at the end: postgres ${await answersPostgres()}, cache ${await answersCache()}`)
    setTimeout(() => process.exit(0), Number(process.env['ANSWER_WITHIN_MS'] ?? 0))
    server.close()
  })
}

async function answersPostgres(): Promise<boolean> {
  if (process.env['DATABASE_URL'] === undefined) return false
  const client = new pg.Client({ connectionString: process.env['DATABASE_URL'] ?? '' })
  return client
    .connect()
    .then(() => client.end())
    .then(
      () => true,
      () => false,
    )
}

async function answersCache(): Promise<boolean> {
  if (process.env['REDIS_URL'] === undefined) return false
  const cache = new Redis(process.env['REDIS_URL'] ?? '', { retryStrategy: () => null, lazyConnect: true })
  return cache
    .ping()
    .then(
      () => true,
      () => false,
    )
    .finally(() => cache.disconnect())
}
