import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { createLogger } from '../../src/runtime/logger.ts'
import { createServerMetrics, type ServerMetrics } from '../../src/server/metrics.ts'
import { pingRoles } from '../../src/server/roles.ts'
import { startHttpServer } from '../../src/transport/http/http-server.ts'
import { errorInterceptor } from '../../src/transport/rpc/error-interceptor.ts'
import { measureCalls } from '../../src/transport/rpc/measure-calls.ts'
import { watchCallers, type Callers } from '../../src/transport/watch-callers.ts'
import { conformanceRoutes } from './conformance-routes.ts'
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
  type ServerCompatRequest,
} from './gen/connectrpc/conformance/v1/service_pb.ts'

/** Each message is preceded by its size, big-endian. */
const SIZE_BYTES = 4
const HOST = '127.0.0.1'
/** Argument: Connect's handlers serve every call. */
const WITHOUT_LEAN = '--without-lean'

/**
 * The servers that Connect's suite tests: Ping's HTTP server with the suite's service. The suite starts many, one after another, and waits
 * at most ten seconds for each. So this program runs once; it prints its port. Each connection to it is a server: the suite says what it
 * wants and gets the address, and the server stops when the connection ends.
 */
const log = createLogger({ name: 'server-under-test', level: 'silent' })
const desk = createServer(socket => void serve(socket.on('error', () => undefined)))
desk.listen(0, HOST, () => process.stdout.write(`${(desk.address() as AddressInfo).port}\n`))

async function serve(socket: Socket): Promise<void> {
  const ended = new Promise(resolve => socket.once('close', resolve))
  const request = await readRequest(socket)
  const metrics = createServerMetrics()
  const { tls, access } = callers(request, metrics)
  const server = await startHttpServer({
    port: 0,
    portSetting: 'PORT',
    hosts: [HOST],
    maxBodyBytes: request.messageReceiveLimit || 16_777_216,
    allowedOrigins: ['*'],
    examplePaths: ['/connectrpc.conformance.v1.ConformanceService/Unary'],
    tls,
    access,
    routes: conformanceRoutes,
    interceptors: [errorInterceptor(log)],
    calls: measureCalls(metrics, log),
    lean: !process.argv.includes(WITHOUT_LEAN),
    pages: new Map(),
    log,
  })
  answer(socket, server.port, request)
  await ended
  await server.stop(0)
}

function readRequest(socket: Socket): Promise<ServerCompatRequest> {
  let bytes = Buffer.alloc(0)
  return new Promise(resolve => {
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < SIZE_BYTES || bytes.length < SIZE_BYTES + bytes.readUInt32BE()) return
      resolve(fromBinary(ServerCompatRequestSchema, bytes.subarray(SIZE_BYTES, SIZE_BYTES + bytes.readUInt32BE())))
    })
  })
}

function answer(socket: Socket, port: number, { useTls, serverCreds }: ServerCompatRequest): void {
  const pemCert = useTls && serverCreds ? serverCreds.cert : new Uint8Array()
  const bytes = toBinary(ServerCompatResponseSchema, create(ServerCompatResponseSchema, { host: HOST, port, pemCert }))
  const size = Buffer.alloc(SIZE_BYTES)
  size.writeUInt32BE(bytes.length)
  socket.write(Buffer.concat([size, bytes]))
}

/** Reads TLS from files, as the product does. They are read once and removed. */
function callers({ useTls, serverCreds, clientTlsCert }: ServerCompatRequest, metrics: ServerMetrics): Callers {
  const folder = mkdtempSync(join(tmpdir(), 'ping-test-conformance-'))
  const file = (name: string, bytes: Uint8Array | undefined): string | undefined => {
    if (!useTls || bytes === undefined || bytes.length === 0) return undefined
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  const settings = {
    tlsCertFile: file('cert', serverCreds?.cert),
    tlsKeyFile: file('key', serverCreds?.key),
    tlsClientCaFile: file('client', clientTlsCert),
    tokensFile: undefined,
  }
  const made = watchCallers(settings, { log, metrics, roles: pingRoles })
  made.stop()
  rmSync(folder, { recursive: true })
  return made
}
