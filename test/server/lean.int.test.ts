import { createConnection } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Code, ConnectError, createContextKey, type HandlerContext, type Interceptor } from '@connectrpc/connect'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { Health, HealthCheckResponse_ServingStatus as Status } from '../../src/gen/grpc/health/v1/health_pb.ts'
import { startHttpServer, type HttpServerOptions } from '../../src/transport/http/http-server.ts'
import { measureCalls } from '../../src/transport/rpc/measure-calls.ts'

const CHECK = '/grpc.health.v1.Health/Check'
const JSON_TYPE = { 'content-type': 'application/json' }
const KEY = createContextKey('none')

interface Options {
  readonly lean: boolean
  readonly check?: (context: HandlerContext, service: string) => void | Promise<void>
  readonly interceptors?: readonly Interceptor[]
  readonly readMaxBytes?: number
}

/** A port with a service other than Ping's, with or without the lean way. */
async function start({ lean, check, interceptors = [], readMaxBytes }: Options) {
  const ended: string[] = []
  const log = pino({ level: 'silent' })
  const routes: HttpServerOptions['routes'] = router => {
    const impl = async ({ service }: { service: string }, context: HandlerContext) => {
      await check?.(context, service)
      return { status: Status.SERVING }
    }
    if (readMaxBytes === undefined) router.service(Health, { check: impl })
    else router.rpc(Health.method.check, impl, { readMaxBytes })
  }
  const calls = measureCalls({ rpcEnded: (_, code) => void ended.push(code) }, log)
  const http = await startHttpServer({
    port: 0,
    portSetting: 'PORT',
    hosts: ['127.0.0.1'],
    maxBodyBytes: 1_024,
    allowedOrigins: ['*'],
    examplePaths: [CHECK],
    lean,
    routes,
    interceptors,
    calls,
    pages: new Map(),
    log,
  })
  const post = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const answer = await fetch(`http://127.0.0.1:${http.port}${CHECK}`, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })
    return {
      status: answer.status,
      headers: answer.headers,
      json: (await answer.json()) as { code?: string; status?: string; message?: string },
    }
  }
  return { http, ended, post, [Symbol.asyncDispose]: async () => void (await http.stop(0)) }
}

/** Reads everything that the context offers to handlers. */
function seenBy({
  service,
  method,
  requestMethod,
  protocolName,
  url,
  timeoutMs,
  requestHeader,
  responseHeader,
  values,
  signal,
}: HandlerContext) {
  return [
    service.typeName,
    method.name,
    requestMethod,
    protocolName,
    url,
    timeoutMs(),
    requestHeader.get('x-a'),
    [...requestHeader.keys()].includes('x-a'),
    responseHeader.get('content-type'),
    values.get(KEY),
    signal.aborted,
  ]
}

describe.each([true, false])('with the lean way: %s', lean => {
  test('a handler of any service gets the context that Connect gives it, and its headers and trailers are sent', async () => {
    let seen: unknown
    await using port = await start({
      lean,
      check(context) {
        seen = seenBy(context)
        context.responseHeader.append('x-b', '1')
        context.responseHeader.append('x-b', '2')
        context.responseTrailer.set('x-c', '3')
      },
    })
    const { status, headers, json } = await port.post('{}', { 'x-a': 'é' })
    expect([status, headers.get('x-b'), headers.get('trailer-x-c'), json]).toEqual([200, '1, 2', '3', { status: 'SERVING' }])
    expect(seen).toEqual([
      'grpc.health.v1.Health',
      'Check',
      'POST',
      'connect',
      `http://localhost${CHECK}`,
      undefined,
      'é',
      true,
      'application/json',
      'none',
      false,
    ])
  })

  test('interceptors may copy and change the request and the answer', async () => {
    let seen: unknown
    const copying: Interceptor = next => async request => {
      const header = new Headers(request.header)
      header.set('x-a', 'copied')
      const answer = await next({ ...request, header, contextValues: request.contextValues.set(KEY, 'set') })
      answer.header.set('x-d', '4')
      return { ...answer, trailer: new Headers({ 'x-e': '5' }) }
    }
    const plain: Interceptor = next => request => next(request)
    await using port = await start({ lean, interceptors: [plain, copying, plain], check: context => void (seen = seenBy(context)) })
    const { headers } = await port.post('{}')
    expect([headers.get('x-d'), headers.get('trailer-x-e')]).toEqual(['4', '5'])
    expect(seen).toEqual(expect.arrayContaining(['copied', 'set', false]))
  })

  test('a signal is aborted at the deadline, with the error of the deadline', async () => {
    let reason: unknown
    await using port = await start({
      lean,
      async check({ signal }) {
        await new Promise(resolve => signal.addEventListener('abort', resolve))
        reason = signal.reason
        signal.throwIfAborted()
      },
    })
    const answered = { status: 504, json: { code: 'deadline_exceeded' } }
    let calls = 0
    // If it passes before the call begins, as on a busy machine: with more time.
    for (let timeoutMs = 250; reason === undefined && timeoutMs < 30_000; timeoutMs *= 4, calls++)
      expect(await port.post('{}', { 'connect-timeout-ms': String(timeoutMs) })).toMatchObject(answered)
    expect(reason).toMatchObject({ code: Code.DeadlineExceeded })
    expect(port.ended).toEqual(Array(calls).fill('deadline_exceeded'))
  })

  test('a signal is aborted when the caller disconnects, when the server cuts it off, and when the call ends', async () => {
    const signals: AbortSignal[] = []
    const gate = Promise.withResolvers<void>()
    await using port = await start({
      lean,
      check: async ({ signal }, service) => (signals.push(signal), service === '' ? undefined : await gate.promise),
    })
    await port.post('{}')
    expect([signals[0]?.aborted, port.ended]).toEqual([true, ['ok']])
    const socket = createConnection(port.http.port, '127.0.0.1')
    socket.write(`POST ${CHECK} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{"service":"a"}`)
    await expect.poll(() => signals.length).toBe(2)
    socket.destroy()
    await expect.poll(() => signals[1]?.reason).toMatchObject({ code: Code.Canceled })
    expect(port.ended).toEqual(['ok', 'canceled'])
    const cutOff = port.post('{"service":"a"}').catch(() => 'no answer')
    await expect.poll(() => signals.length).toBe(3)
    await port.http.stop(0)
    expect(signals[2]?.reason).toMatchObject({ code: Code.Unavailable })
    await expect.poll(() => port.ended).toEqual(['ok', 'canceled', 'unavailable'])
    gate.resolve()
    await cutOff
  })

  test('an error that is not a ConnectError is INTERNAL and shows no details', async () => {
    await using port = await start({
      lean,
      check() {
        throw new TypeError('secret')
      },
    })
    expect((await port.post('{}')).json).toEqual({ code: 'internal', message: 'internal error' })
    expect(port.ended).toEqual(['internal'])
  })

  test("a method's own limit of the body overrides the general one", async () => {
    await using port = await start({ lean, readMaxBytes: 3_000 })
    const body = (length: number) => JSON.stringify({ service: 'x'.repeat(length) })
    expect((await port.post(body(2_000))).status).toBe(200)
    const expected = {
      status: 429,
      json: { code: 'resource_exhausted', message: expect.stringMatching(/^request body: got .* bytes.*, expected at most 3000$/) },
    }
    expect(await port.post(body(4_000))).toMatchObject(expected)
    expect(await port.post(new Uint8Array(gzipSync(body(4_000))), { 'content-encoding': 'gzip' })).toMatchObject(expected)
    const chunks = new ReadableStream({ start: controller => (controller.enqueue(Buffer.from(body(4_000))), controller.close()) })
    const answer = await fetch(`http://127.0.0.1:${port.http.port}${CHECK}`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: chunks,
      duplex: 'half',
    })
    expect(await answer.json()).toMatchObject({ message: 'request body: got more bytes, expected at most 3000' })
  })

  test('a body that arrives in pieces is read to its end', async () => {
    const services: string[] = []
    await using port = await start({ lean, check: (_, service) => void services.push(service) })
    const socket = createConnection(port.http.port, '127.0.0.1').setNoDelay()
    const head = `POST ${CHECK} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n`
    for (const piece of [head, '{"serv', 'ice":"a', 'b"}', head, '{"service":"cd"}']) {
      socket.write(piece)
      await new Promise(resolve => setImmediate(resolve))
    }
    await expect.poll(() => services).toEqual(['ab', 'cd'])
    socket.destroy()
  })

  test('an error answer of 1024 bytes or more is compressed for clients that accept it', async () => {
    await using port = await start({
      lean,
      check() {
        throw new ConnectError('x', Code.Aborted, { 'x-m': 'n', 'content-type': 'text/plain' }, [
          { desc: Health.method.check.input, value: { service: 'y'.repeat(2_000) } },
        ])
      },
    })
    const { status, headers, json } = await port.post('{}', { 'accept-encoding': 'zip, gzip' })
    expect([status, headers.get('content-encoding'), headers.get('content-type'), headers.get('x-m'), json.code]).toEqual([
      409,
      'gzip',
      'application/json',
      'n',
      'aborted',
    ])
  })
})

describe('on the lean way', () => {
  /** Several on another connection, one after the other: what could have begun before has begun. */
  const otherCalls = async (port: number) => {
    for (let call = 0; call < 5; call++) await (await fetch(`http://127.0.0.1:${port}/livez`)).text()
  }
  const CALL = `POST ${CHECK} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{"service":"a"}`

  test('only some of the pipelined calls of a connection are started at once; all are answered', async () => {
    const gate = Promise.withResolvers<void>()
    let begun = 0
    await using port = await start({ lean: true, check: async () => (begun++, await gate.promise) })
    const socket = createConnection(port.http.port, '127.0.0.1')
    let answers = ''
    socket.on('data', (chunk: Buffer) => (answers += chunk.toString('latin1')))
    socket.write(CALL.repeat(100))
    await expect.poll(() => begun).toBe(8)
    await otherCalls(port.http.port)
    expect(begun).toBe(8)
    gate.resolve()
    await expect.poll(() => answers.match(/"SERVING"/g)?.length).toBe(100)
    expect([begun, port.ended.length]).toEqual([100, 100])
    socket.write(CALL.repeat(20))
    await expect.poll(() => answers.match(/"SERVING"/g)?.length).toBe(120)
    socket.destroy()
  })

  test('waiting calls of a caller that disconnects are not started, and are counted as canceled', async () => {
    const gate = Promise.withResolvers<void>()
    let begun = 0
    await using port = await start({ lean: true, check: async () => (begun++, await gate.promise) })
    const socket = createConnection(port.http.port, '127.0.0.1')
    socket.write(CALL.repeat(20))
    await expect.poll(() => begun).toBe(8)
    socket.resetAndDestroy()
    await expect.poll(() => port.http.inFlight()).toBe(0)
    gate.resolve()
    await otherCalls(port.http.port)
    expect([begun, new Set(port.ended)]).toEqual([8, new Set(['canceled'])])
  })
})
