import { createConnection } from 'node:net'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRegistry } from '../../src/runtime/metrics-registry.ts'
import { Readiness } from '../../src/runtime/readiness.ts'
import { startStatusServer, type StatusServer } from '../../src/runtime/status-server.ts'

const log = pino({ level: 'silent' })
let readiness: Readiness
let server: StatusServer

beforeEach(async () => {
  readiness = new Readiness()
  server = await startStatusServer({
    port: 0,
    hosts: ['127.0.0.1'],
    portSetting: 'PROCESSOR_PORT',
    readiness,
    metrics: createRegistry(),
    log,
  })
})
afterEach(() => server.stop())

const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${server.port}${path}`, init)

describe('the status server', () => {
  test('is alive before it is ready', async () => {
    expect((await get('/livez')).status).toBe(200)
    const answer = await get('/readyz')
    expect([answer.status, await answer.text()]).toEqual([503, 'not ready: starting\n'])
  })

  test('is ready once it is set ready', async () => {
    readiness.ready()
    const answer = await get('/readyz?verbose')
    expect([answer.status, await answer.text()]).toEqual([200, 'ready\n'])
  })

  test('accepts absolute URLs, as proxies send them, and answers a caller that has closed its side', async () => {
    const socket = createConnection({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.end('GET http://host:1/metrics HTTP/1.1\r\nhost: host:1\r\n\r\n')
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)
    expect(answer).toMatch(/^HTTP\/1.1 200 OK[^]*process_cpu_user_seconds_total /)
  })

  test('shows the metrics of the process', async () => {
    expect(await (await get('/metrics')).text()).toMatch(/^process_cpu_user_seconds_total /m)
  })

  test('answers an unknown path with 404 and a list of its paths', async () => {
    const answer = await get('/healthz')
    expect([answer.status, await answer.text()]).toEqual([404, 'path: got "/healthz", expected one of /livez, /readyz, /metrics\n'])
  })

  test('answers methods other than GET and HEAD with 405', async () => {
    const answer = await get('/readyz', { method: 'PUT', body: 'x' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('answers 500 if reading the metrics fails, and continues to serve', async () => {
    const broken = Object.assign(new Registry(), { metrics: () => Promise.reject(new Error('no')) })
    const other = await startStatusServer({ port: 0, hosts: ['127.0.0.1'], portSetting: 'PROCESSOR_PORT', readiness, metrics: broken, log })
    expect((await fetch(`http://127.0.0.1:${other.port}/metrics`)).status).toBe(500)
    expect((await fetch(`http://127.0.0.1:${other.port}/livez`)).status).toBe(200)
    await other.stop()
  })

  test('refuses to start on a port that is in use', async () => {
    const taken = startStatusServer({
      port: server.port,
      hosts: ['127.0.0.1'],
      portSetting: 'PROCESSOR_PORT',
      readiness,
      metrics: createRegistry(),
      log,
    })
    await expect(taken).rejects.toThrow(`PROCESSOR_PORT: got ${server.port}, which is in use, expected a free port`)
  })
})
