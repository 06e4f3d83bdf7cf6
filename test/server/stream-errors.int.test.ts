import { connect } from 'node:http2'
import { create, toBinary } from '@bufbuild/protobuf'
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect'
import type { Registry } from 'prom-client'
import { describe, expect, test, vi } from 'vitest'
import { Health } from '../../src/gen/grpc/health/v1/health_pb.ts'
import { ServerReflection as V1, ServerReflectionRequestSchema } from '../../src/gen/grpc/reflection/v1/reflection_pb.ts'
import { ServerReflection as V1Alpha } from '../../src/gen/grpc/reflection/v1alpha/reflection_pb.ts'
import { PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { SemaphoreService } from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import type { Count } from '../../src/server/count-reader/count.ts'
import { QueueFullError } from '../../src/transport/errors.ts'
import { startSemaphoreFixture } from '../semaphore/http-fixture.ts'
import { MemorySemaphore } from '../semaphore/memory-semaphore.ts'
import { firstOrAll } from '../support/depth.ts'
import { callCount } from './call-count.ts'
import { startHttpFixture, transports } from './http-fixture.ts'

/** All but HTTP/1.1, over which no stream can go in both directions. */
const PROTOCOLS = firstOrAll(['gRPC', 'Connect, JSON, HTTP/2', 'gRPC-Web, HTTP/2'])

/** What reflection throws for a question about the file `throws`. */
const reflection = vi.hoisted(() => ({ error: undefined as unknown }))
vi.mock(import('../../src/transport/reflection/answer-question.ts'), async importOriginal => {
  const original = await importOriginal()
  return {
    ...original,
    answerQuestion(index, question) {
      if (question.value === 'throws') throw reflection.error
      return original.answerQuestion(index, question)
    },
  }
})

interface Port extends AsyncDisposable {
  readonly url: string
  readonly logged: readonly Record<string, unknown>[]
}

/** A stream of a port: it throws the error after its first message. */
interface Failing {
  readonly port: Port
  readonly registry: Registry
  open(transport: Transport): AsyncIterable<unknown>
  /** To be called when the first message has arrived. */
  fail(): void
}

async function watchCount(error: Error): Promise<Failing> {
  const total: { error?: Error } = {}
  const count = async (): Promise<Count> => {
    if (total.error !== undefined) throw total.error
    return { count: 1n, source: 'cache', ageMs: 0 }
  }
  const port = await startHttpFixture({ count })
  return {
    port,
    registry: port.metrics.registry,
    open: transport => createClient(PingService, transport).watchCount({}),
    fail: () => (total.error = error),
  }
}

async function pingStream(error: Error): Promise<Failing> {
  let calls = 0
  const recordAll = async (pings: readonly unknown[]) => {
    if (++calls > 1) throw error
    return pings.map(() => undefined)
  }
  const port = await startHttpFixture({ recorder: { record: async () => undefined, recordAll } })
  const failing = Promise.withResolvers<void>()
  const requests = async function* () {
    yield { pings: [{}] }
    await failing.promise
    yield { pings: [{}] }
  }
  return {
    port,
    registry: port.metrics.registry,
    open: transport => createClient(PingService, transport).pingStream(requests()),
    fail: failing.resolve,
  }
}

async function healthWatch(error: Error): Promise<Failing> {
  const port = await startHttpFixture()
  const change = Promise.withResolvers<void>()
  port.readiness.change = () => change.promise
  return {
    port,
    registry: port.metrics.registry,
    open: transport => createClient(Health, transport).watch({}),
    fail: () => change.reject(error),
  }
}

const reflectionInfo = (service: typeof V1 | typeof V1Alpha) => async (error: Error) => {
  reflection.error = error
  const port = await startHttpFixture()
  const failing = Promise.withResolvers<void>()
  const questions = async function* () {
    yield { messageRequest: { case: 'listServices' as const, value: '' } }
    await failing.promise
    yield { messageRequest: { case: 'fileByFilename' as const, value: 'throws' } }
  }
  const open = (transport: Transport) => createClient(service as typeof V1, transport).serverReflectionInfo(questions())
  return { port, registry: port.metrics.registry, open, fail: failing.resolve }
}

async function semaphoreWatch(error: Error): Promise<Failing> {
  const memory = new MemorySemaphore()
  await memory.run({ kind: 'limits', resource: 'r', running: 1 })
  let isFailing = false
  const resource = async (id: string) => {
    const state = await memory.resource(id)
    // Not a rejection: that would be taken for an outage of Postgres.
    if (isFailing) Object.defineProperty(state, 'running', { enumerable: true, get: () => raise(error) })
    return state
  }
  const port = await startSemaphoreFixture({ steps: memory, reads: Object.assign(Object.create(memory), { resource }) })
  return {
    port,
    registry: port.registry,
    open: transport => createClient(SemaphoreService, transport).watch({ resourceId: 'r' }),
    fail: () => (isFailing = true),
  }
}

function raise(error: Error): never {
  throw error
}

const STREAMS: Readonly<Record<string, (error: Error) => Promise<Failing>>> = {
  'ping.v1.PingService/WatchCount': watchCount,
  'ping.v1.PingService/PingStream': pingStream,
  'grpc.health.v1.Health/Watch': healthWatch,
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo': reflectionInfo(V1),
  'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': reflectionInfo(V1Alpha),
  'semaphore.v1.SemaphoreService/Watch': semaphoreWatch,
}

/** Reads the first message, lets the stream fail, and returns the error that the caller gets. */
async function errorOf({ port, open, fail }: Failing, protocol: string): Promise<ConnectError> {
  const messages = open(transports(port.url)[protocol]!)[Symbol.asyncIterator]()
  expect((await messages.next()).done).not.toBe(true)
  fail()
  try {
    const next = await messages.next()
    throw new Error(`got ${next.done === true ? 'the end' : 'another message'}, expected an error`)
  } catch (error) {
    return ConnectError.from(error)
  }
}

const SERVED = Object.entries(STREAMS).flatMap(([method, start]) => PROTOCOLS.map(protocol => ({ method, protocol, start })))

describe.each(SERVED)('after the first message of $method over $protocol,', ({ method, protocol, start }) => {
  test('an error of a use case reaches the caller as that of a unary call, and is measured', async () => {
    const failing = await start(new QueueFullError('the queue is full', 20))
    await using port = failing.port
    expect(await errorOf(failing, protocol)).toMatchObject({ code: Code.ResourceExhausted, rawMessage: 'the queue is full' })
    await expect.poll(() => callCount(failing.registry, method, 'resource_exhausted')).toBe(1)
    expect(port.logged.filter(({ level }) => Number(level) >= 40)).toEqual([])
  })

  test('an unexpected error is logged once, and the caller gets no details of it', async () => {
    const failing = await start(new Error('secret of the inside'))
    await using port = failing.port
    expect(await errorOf(failing, protocol)).toMatchObject({ code: Code.Internal, rawMessage: 'internal error' })
    await expect.poll(() => callCount(failing.registry, method, 'internal')).toBe(1)
    const name = method.slice(method.indexOf('/') + 1)
    expect(port.logged.filter(({ level }) => Number(level) >= 40)).toMatchObject([
      { level: 50, msg: 'call failed', method: name, err: { message: 'secret of the inside' } },
    ])
  })
})

test('a caller that disconnects while its answers wait to be sent is not logged as an error', async () => {
  await using port = await startHttpFixture()
  const question = toBinary(
    ServerReflectionRequestSchema,
    create(ServerReflectionRequestSchema, { messageRequest: { case: 'fileByFilename', value: PingService.file.proto.name } }),
  )
  const message = Buffer.concat([Buffer.from([0, 0, 0, 0, question.length]), question])
  const session = connect(port.url, { settings: { initialWindowSize: 0 } })
  session.on('error', () => undefined)
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' })
  stream.on('error', () => undefined)
  for (let number = 0; number < 100; number++) stream.write(message)
  await new Promise(resolve => void stream.once('response', resolve))
  session.destroy()
  await expect.poll(() => port.http.inFlight()).toBe(0)
  const method = path.slice(1)
  await expect.poll(() => callCount(port.metrics.registry, method, 'canceled')).toBe(1)
  expect(port.logged.filter(({ level }) => Number(level) >= 40)).toEqual([])
})
