import type { ConnectRouter, HandlerContext } from '@connectrpc/connect'
import { PingService } from '../../gen/ping/v1/ping_pb.ts'
import type { CountReader } from '../count.ts'
import type { PingRecorder } from '../pings.ts'
import type { Handler } from './call.ts'
import { withinDeadline } from './deadline.ts'
import { quoteLongIntegers, refuseUnknownConsistency } from './json-text.ts'
import { createPing } from './ping.ts'
import { createPingCount } from './ping-count.ts'

/** Puts the two methods of PingService on Connect's router. */
export function pingRoutes(recorder: PingRecorder, reader: CountReader): (router: ConnectRouter) => void {
  const ping = createPing(recorder)
  const pingCount = createPingCount(reader)
  return router => {
    router.rpc(PingService.method.ping, (request, context) => answer(ping, request, context), reading(quoteLongIntegers))
    router.rpc(PingService.method.pingCount, (request, context) => answer(pingCount, request, context), reading(countJson))
  }
}

function answer<Request, Response>(handler: Handler<Request, Response>, request: Request, context: HandlerContext): Promise<Response> {
  const responseHeader = (name: string, value: string): void => context.responseHeader.set(name, value)
  return withinDeadline(context, handler(request, { responseHeader }))
}

function countJson(json: string): string {
  const exact = quoteLongIntegers(json)
  refuseUnknownConsistency(exact)
  return exact
}

/** Options of a method whose JSON goes through `prepare` before it is decoded. */
function reading(prepare: (json: string) => string) {
  const utf8 = new TextDecoder()
  // Connect takes the text decoder from here, though its public type does not name it; a test holds that.
  const jsonOptions = { ignoreUnknownFields: true, textDecoder: { decode: (bytes: Uint8Array) => prepare(utf8.decode(bytes)) } }
  return { jsonOptions }
}
