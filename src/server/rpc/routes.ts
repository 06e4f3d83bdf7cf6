import type { ConnectRouter, HandlerContext } from '@connectrpc/connect'
import { PingService } from '../../gen/ping/v1/ping_pb.ts'
import type { CountReader } from '../count.ts'
import type { PingRecorder } from '../pings.ts'
import type { Handler } from './call.ts'
import { withinDeadline } from './deadline.ts'
import { jsonReading } from './json-text.ts'
import { createPing } from './ping.ts'
import { createPingCount } from './ping-count.ts'

/** Puts the two methods of PingService on Connect's router. */
export function pingRoutes(recorder: PingRecorder, reader: CountReader): (router: ConnectRouter) => void {
  const ping = createPing(recorder)
  const pingCount = createPingCount(reader)
  return router => {
    const { ping: pingMethod, pingCount: countMethod } = PingService.method
    router.rpc(pingMethod, (request, context) => answer(ping, request, context), jsonReading(pingMethod.input))
    router.rpc(countMethod, (request, context) => answer(pingCount, request, context), jsonReading(countMethod.input))
  }
}

function answer<Request, Response>(handler: Handler<Request, Response>, request: Request, context: HandlerContext): Promise<Response> {
  const responseHeader = (name: string, value: string): void => context.responseHeader.set(name, value)
  return withinDeadline(context, () => handler(request, { responseHeader }))
}
