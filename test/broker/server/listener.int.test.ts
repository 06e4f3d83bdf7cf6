import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Faults } from '../../../broker/faults/faults.ts'
import { Dispatcher } from '../../../broker/server/dispatcher.ts'
import { Listener } from '../../../broker/server/listener.ts'
import { createLogger } from '../../../src/runtime/logger.ts'

/** From a network that is reserved for documentation: no machine has this address. */
const ELSEWHERE = '192.0.2.1'

function listenerOn(hosts: readonly string[]): Listener {
  return new Listener({
    hosts,
    port: 0,
    advertised: { host: undefined, port: 0 },
    dispatcher: new Dispatcher({ routes: [], faults: new Faults(), served: () => undefined }),
    maxRequestBytes: 104_857_600,
    isFull: () => false,
    maxIdleMs: 0,
    opened: () => undefined,
    log: createLogger({ name: 'test', level: 'silent' }),
  })
}

describe('a listener on several addresses', () => {
  test('skips the second address if the machine does not have it, as with localhost and no IPv6', async () => {
    const listener = listenerOn(['127.0.0.1', ELSEWHERE])
    await listener.start()
    expect(listener.addresses).toEqual([`127.0.0.1:${listener.port}`])
    await listener.stop(0)
  })

  test('does not start without the first address', async () => {
    const listener = listenerOn([ELSEWHERE, '127.0.0.1'])
    await expect(listener.start()).rejects.toThrow(`listeners: got "${ELSEWHERE}", expected an address of this machine`)
    await listener.stop(0)
  })
})

describe('a client that speaks another protocol', () => {
  test.each(['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'POST /', 'PRI * HTTP/2.0\r\n\r\n', '\x16\x03\x01\x02', 'ssh-', '\n\n\n\n'])(
    'is disconnected after the first four bytes: %j',
    async text => {
      const listener = listenerOn(['127.0.0.1'])
      await listener.start()
      const socket = connect(listener.port, '127.0.0.1')
        .on('error', () => undefined)
        .resume()
      socket.write(text, 'latin1')
      await once(socket, 'close')
      expect(listener.connections).toBe(0)
      await listener.stop(0)
    },
  )
})
