import { describe, expect, test } from 'vitest'
import { readConfig, type ConfigOptions } from '../../../broker/config/read-config.ts'

function listeners(options: ConfigOptions) {
  return readConfig({ options }).listeners
}

describe('listeners', () => {
  test.each([
    ['PLAINTEXT://:9092', [undefined], undefined],
    ['PLAINTEXT://0.0.0.0:9092', ['0.0.0.0'], undefined],
    ['PLAINTEXT://[::]:9092', ['::'], undefined],
    ['PLAINTEXT://localhost:9092', ['127.0.0.1', '::1'], 'localhost'],
    ['PLAINTEXT://[::1]:9092', ['::1'], '::1'],
    ['PLAINTEXT://kafka-1.example:9092', ['kafka-1.example'], 'kafka-1.example'],
  ])('of %s open %j and advertise %s', (text, hosts, host) => {
    expect(listeners({ listeners: text })).toEqual([{ name: 'PLAINTEXT', hosts, port: 9092, advertised: { host, port: 9092 } }])
  })

  test('may be several, each with its own name, port and advertised address', () => {
    const options = {
      listeners: 'PLAINTEXT://127.0.0.1:0, outside://:9094',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OUTSIDE:plaintext',
      'advertised.listeners': 'Outside://broker.example:19094',
    }
    expect(listeners(options)).toEqual([
      { name: 'PLAINTEXT', hosts: ['127.0.0.1'], port: 0, advertised: { host: '127.0.0.1', port: 0 } },
      { name: 'OUTSIDE', hosts: [undefined], port: 9094, advertised: { host: 'broker.example', port: 19094 } },
    ])
  })

  test('of controllers are not opened, no matter what their protocol is', () => {
    const options = { listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093', 'controller.listener.names': 'CONTROLLER' }
    expect(listeners(options).map(({ name }) => name)).toEqual(['PLAINTEXT'])
  })

  test.each([
    [''],
    ['9092'],
    ['localhost:9092'],
    ['PLAINTEXT://localhost'],
    ['PLAINTEXT://localhost:65536'],
    ['PLAINTEXT://a:1,PLAINTEXT://b:2'],
    ['PLAINTEXT://a:1,OTHER://a:1'],
    ['PLAINTEXT://::1:9092'],
    ['PLAINTEXT://a b:9092'],
    ['PLAINTEXT://a:1,'],
  ])('are refused: %j', text =>
    expect(() => listeners({ listeners: text, 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT' })).toThrow(
      /^listeners: got .*, expected NAME:\/\/host:port/,
    ),
  )

  test.each([
    [{ listeners: 'SSL://:9093' }, 'listeners: got SSL with the protocol SSL, expected PLAINTEXT: there is no TLS and no authentication'],
    [{ listeners: 'SASL_PLAINTEXT://:9093' }, 'listeners: got SASL_PLAINTEXT with the protocol SASL_PLAINTEXT'],
    [{ listeners: 'A://:1', 'listener.security.protocol.map': 'A:SASL_SSL' }, 'listeners: got A with the protocol SASL_SSL'],
    [{ listeners: 'A://:1' }, 'listener.security.protocol.map: got no protocol for the listener A, expected A:PLAINTEXT'],
    [{ listeners: 'A://:1', 'controller.listener.names': 'a' }, 'listeners: got A, expected one that is not in controller.listener.names'],
    [{ 'listener.security.protocol.map': 'A:TLS' }, 'listener.security.protocol.map: got "A:TLS", expected NAME:PROTOCOL'],
    [{ 'listener.security.protocol.map': 'A:SSL,A:SSL' }, 'listener.security.protocol.map: got "A:SSL,A:SSL", expected NAME:PROTOCOL'],
    [{ 'advertised.listeners': 'OTHER://a:1' }, 'advertised.listeners: got OTHER, expected names of listeners: PLAINTEXT'],
    [
      { 'advertised.listeners': 'PLAINTEXT://:9092' },
      'advertised.listeners: got "" as the host of PLAINTEXT, expected one that clients can connect to',
    ],
    [{ 'advertised.listeners': 'PLAINTEXT://0.0.0.0:9092' }, 'advertised.listeners: got "0.0.0.0" as the host'],
    [{ 'advertised.listeners': 'PLAINTEXT://[::]:9092' }, 'advertised.listeners: got "::" as the host'],
  ])('are refused if other keys do not fit: %j', (options, message) => expect(() => listeners(options)).toThrow(message))

  test('may share one advertised address', () => {
    const options = {
      listeners: 'PLAINTEXT://:1,B://:2',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,B:PLAINTEXT',
      'advertised.listeners': 'PLAINTEXT://x:5,B://x:5',
    }
    expect(listeners(options).map(({ advertised }) => advertised)).toEqual([
      { host: 'x', port: 5 },
      { host: 'x', port: 5 },
    ])
  })
})
