import { createServer as createHttp } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { listen, type Listening, type ListenOptions } from '../../src/runtime/listen.ts'
import { freePort } from '../support/free-port.ts'

/** Of a network that is for documents only: no machine has it. */
const ELSEWHERE = '203.0.113.1'

const opened: Listening[] = []
afterEach(async () => {
  for (const listening of opened.splice(0)) await listening.close()
})

async function listenOn(hosts: ListenOptions['hosts'], options: Partial<ListenOptions> = {}): Promise<Listening> {
  const server = createHttp((_, response) => response.setHeader('connection', 'close').end('ok'))
  const listening = await listen(server, { port: 0, hosts, portSetting: 'PORT', ...options })
  opened.push(listening)
  return listening
}

const answer = async (host: string, { port }: Listening): Promise<string> => (await fetch(`http://${host}:${port}`)).text()

describe('listening', () => {
  test('on both addresses of localhost serves both on the same port', async () => {
    const listening = await listenOn(['127.0.0.1', '::1'])
    const { port } = listening
    expect(listening.addresses).toEqual([`127.0.0.1:${port}`, `[::1]:${port}`])
    expect([await answer('127.0.0.1', listening), await answer('[::1]', listening), await answer('localhost', listening)]).toEqual([
      'ok',
      'ok',
      'ok',
    ])
  })

  test.each([[undefined], [['::']], [['0.0.0.0', '::']], [['127.0.0.1', '::']]])('on %j serves IPv4 and IPv6', async hosts => {
    const listening = await listenOn(hosts)
    expect([await answer('127.0.0.1', listening), await answer('[::1]', listening)]).toEqual(['ok', 'ok'])
  })

  test('on one address does not serve the other', async () => {
    const listening = await listenOn(['::1'])
    expect(await answer('[::1]', listening)).toBe('ok')
    await expect(answer('127.0.0.1', listening)).rejects.toThrow('fetch failed')
  })

  test('stops on all addresses at once, and counts the connections of all', async () => {
    const server = createServer({ allowHalfOpen: true }, socket => socket.resume().on('end', () => socket.end()))
    const listening = await listen(server, { port: 0, hosts: ['127.0.0.1', '::1'], portSetting: 'PORT' })
    const connections = await Promise.all(['127.0.0.1', '::1'].map(host => connected(host, listening.port)))
    await expect.poll(() => listening.connections()).toBe(2)
    const closed = listening.close()
    for (const host of ['127.0.0.1', '::1']) await expect(connected(host, listening.port)).rejects.toThrow('ECONNREFUSED')
    for (const socket of connections) socket.end()
    await closed
  })

  test('skips the IPv6 localhost if the machine has none, but no address that was configured', async () => {
    const listening = await listenOn(['127.0.0.1', ELSEWHERE], { mayBeMissing: [ELSEWHERE] })
    expect(listening.addresses).toEqual([`127.0.0.1:${listening.port}`])
    for (const hosts of [['127.0.0.1', ELSEWHERE], [ELSEWHERE]]) {
      await expect(listenOn(hosts)).rejects.toThrow(`HOST: got "${ELSEWHERE}", expected an address of this machine`)
    }
    await expect(listenOn([ELSEWHERE], { mayBeMissing: [ELSEWHERE] })).rejects.toThrow(`HOST: got "${ELSEWHERE}"`)
  })

  test('refuses a link-local address without its interface', async () => {
    await expect(listenOn(['fe80::1'])).rejects.toThrow('HOST: got "fe80::1", expected an address of this machine')
  })

  test('names the address on which the port is in use, and releases the others', async () => {
    const port = await freePort()
    const other = await heldBy(port, '::1')
    await expect(listenOn(['127.0.0.1', '::1'], { port })).rejects.toThrow(
      `PORT: got ${port}, which is in use on ::1, expected a free port`,
    )
    await new Promise(resolve => other.close(resolve))
    await listenOn(['127.0.0.1', '::1'], { port })
  })
})

async function heldBy(port: number, host: string): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ port, host }, resolve))
  return server
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => resolve(socket)).once('error', reject)
  })
}
