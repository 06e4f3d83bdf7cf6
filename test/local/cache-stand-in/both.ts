import { afterAll, beforeAll } from 'vitest'
import { startCache, type TestRedis } from '../../support/redis.ts'
import { RespClient } from './resp-client.ts'

export interface Both {
  readonly redis: RespClient
  readonly standIn: RespClient
}

/** A real Redis and the stand-in for the tests of a file, both empty, with a new connection to each. */
export function withBoth(): () => Promise<Both> {
  let servers: readonly [TestRedis, TestRedis]
  const clients: RespClient[] = []
  beforeAll(async () => {
    servers = await Promise.all([startCache('Redis'), startCache('the stand-in')])
  })
  afterAll(async () => {
    for (const client of clients) client.end()
    await Promise.all(servers.map(server => server.stop()))
  })
  return async () => {
    const [redis, standIn] = await Promise.all(servers.map(({ port }) => RespClient.connect(port)))
    clients.push(redis!, standIn!)
    await Promise.all([redis!.ask('FLUSHALL'), standIn!.ask('FLUSHALL')])
    return { redis: redis!, standIn: standIn! }
  }
}
