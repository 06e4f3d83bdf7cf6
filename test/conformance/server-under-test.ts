import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { createLogger } from '../../src/runtime/logger.ts'
import { createServerMetrics } from '../../src/server/metrics.ts'
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

/** Each message on standard input and output is preceded by its size, big-endian. */
const SIZE_BYTES = 4
const HOST = '127.0.0.1'
/** Argument: Connect's handlers serve every call. */
const WITHOUT_LEAN = '--without-lean'

/**
 * The server that Connect's suite tests: Ping's HTTP server with the suite's service. The suite writes on standard input what
 * it wants, reads the address from standard output, and stops the server with a signal.
 */
const request = await readRequest()
const log = createLogger({ name: 'server-under-test', level: 'silent' })
const metrics = createServerMetrics()
const { tls, access } = callers(request)
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
answer(server.port, request)

async function readRequest(): Promise<ServerCompatRequest> {
  const chunks: Buffer[] = []
  process.stdin.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(process.stdin, 'end')
  const bytes = Buffer.concat(chunks)
  return fromBinary(ServerCompatRequestSchema, bytes.subarray(SIZE_BYTES, SIZE_BYTES + bytes.readUInt32BE()))
}

function answer(port: number, { useTls, serverCreds }: ServerCompatRequest): void {
  const pemCert = useTls && serverCreds ? serverCreds.cert : new Uint8Array()
  const bytes = toBinary(ServerCompatResponseSchema, create(ServerCompatResponseSchema, { host: HOST, port, pemCert }))
  const size = Buffer.alloc(SIZE_BYTES)
  size.writeUInt32BE(bytes.length)
  process.stdout.write(Buffer.concat([size, bytes]))
}

/** Reads TLS from files, as the product does. They are read once and removed. */
function callers({ useTls, serverCreds, clientTlsCert }: ServerCompatRequest): Callers {
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
