import { fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Health, HealthCheckResponse_ServingStatus as Status } from '../../src/gen/grpc/health/v1/health_pb.ts'
import { ServerReflection as V1 } from '../../src/gen/grpc/reflection/v1/reflection_pb.ts'
import { ServerReflection as V1Alpha } from '../../src/gen/grpc/reflection/v1alpha/reflection_pb.ts'
import { PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { startHttpFixture, transports, type HttpFixture } from './http-fixture.ts'

let fixture: HttpFixture
beforeAll(async () => {
  fixture = await startHttpFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

const health = (of: HttpFixture) => createClient(Health, transports(of.url)['gRPC']!)

describe('gRPC health', () => {
  test.each(['', 'ping.v1.PingService'])('of %j follows readiness', async service => {
    await using other = await startHttpFixture()
    expect((await health(other).check({ service })).status).toBe(Status.SERVING)
    other.readiness.notReady('down')
    expect((await health(other).check({ service })).status).toBe(Status.NOT_SERVING)
  })

  test('of an unknown service is NOT_FOUND for Check and SERVICE_UNKNOWN for Watch', async () => {
    const error = await health(fixture).check({ service: 'no.Such' }).catch(ConnectError.from)
    expect(error).toMatchObject({ code: Code.NotFound, rawMessage: 'service: got "no.Such", expected one of "", "ping.v1.PingService"' })
    for await (const { status } of health(fixture).watch({ service: 'no.Such' })) {
      expect(status).toBe(Status.SERVICE_UNKNOWN)
      break
    }
  })

  test('of all services is listed', async () => {
    const { statuses } = await health(fixture).list({})
    expect(Object.entries(statuses).map(([name, { status }]) => [name, status])).toEqual([
      ['', Status.SERVING],
      ['ping.v1.PingService', Status.SERVING],
    ])
  })

  test('is sent to watches at once and at each change', async () => {
    await using other = await startHttpFixture()
    const seen: Status[] = []
    const leaving = new AbortController()
    const watching = (async () => {
      for await (const { status } of health(other).watch({}, { signal: leaving.signal })) seen.push(status)
    })().catch(ConnectError.from)
    await expect.poll(() => seen).toEqual([Status.SERVING])
    other.readiness.notReady('down')
    other.readiness.notReady('still down')
    await expect.poll(() => seen).toEqual([Status.SERVING, Status.NOT_SERVING])
    other.readiness.ready()
    await expect.poll(() => seen).toEqual([Status.SERVING, Status.NOT_SERVING, Status.SERVING])
    leaving.abort()
    await watching
    await expect.poll(() => other.http.inFlight()).toBe(0)
  })
})

describe.each([
  ['v1', V1],
  ['v1alpha', V1Alpha],
])('gRPC reflection %s', (_, service) => {
  type Question = { case: 'listServices' | 'fileByFilename' | 'fileContainingSymbol' | 'allExtensionNumbersOfType'; value: string }
  const ask = async (
    ...questions: readonly (
      | Question
      | { case: 'fileContainingExtension'; value: { containingType: string; extensionNumber: number } }
      | undefined
    )[]
  ) => {
    const client = createClient(service as typeof V1, transports(fixture.url)['gRPC']!)
    const answers = []
    const requests = async function* () {
      for (const question of questions) yield question === undefined ? {} : { messageRequest: question }
    }
    for await (const { messageResponse } of client.serverReflectionInfo(requests())) answers.push(messageResponse)
    return answers
  }
  const filesOf = async (question: Question): Promise<readonly string[]> => {
    const [answer] = await ask(question)
    if (answer?.case !== 'fileDescriptorResponse') throw new Error(`got ${answer?.case}`)
    return answer.value.fileDescriptorProto.map(bytes => fromBinary(FileDescriptorProtoSchema, bytes).name)
  }

  test('lists the services', async () => {
    const [answer] = await ask({ case: 'listServices', value: '' })
    expect(answer).toMatchObject({
      value: { service: ['ping.v1.PingService', 'grpc.health.v1.Health', V1.typeName, V1Alpha.typeName].map(name => ({ name })) },
    })
  })

  test.each(['ping.v1.PingService', 'ping.v1.PingService.Ping', 'ping.v1.PingRequest', 'ping.v1.Consistency'])(
    'finds the file of %s',
    async symbol => {
      expect(await filesOf({ case: 'fileContainingSymbol', value: symbol })).toEqual(['ping/v1/ping.proto'])
    },
  )

  test('finds a file by its name', async () => {
    expect(await filesOf({ case: 'fileByFilename', value: PingService.file.proto.name })).toEqual(['ping/v1/ping.proto'])
  })

  test('answers each question of a stream, and invalid ones with an error each', async () => {
    const answers = await ask(
      { case: 'fileByFilename', value: 'no.proto' },
      { case: 'fileContainingSymbol', value: 'no.Such' },
      { case: 'allExtensionNumbersOfType', value: 'no.Such' },
      { case: 'fileContainingExtension', value: { containingType: 'ping.v1.PingRequest', extensionNumber: 9 } },
      undefined,
      { case: 'allExtensionNumbersOfType', value: 'ping.v1.PingRequest' },
    )
    const errors = answers.map(answer => (answer.case === 'errorResponse' ? answer.value.errorCode : answer.case))
    expect(errors).toEqual([
      Code.NotFound,
      Code.NotFound,
      Code.NotFound,
      Code.NotFound,
      Code.InvalidArgument,
      'allExtensionNumbersResponse',
    ])
  })
})
