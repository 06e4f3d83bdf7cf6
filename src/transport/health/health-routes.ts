import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import { Health, HealthCheckResponse_ServingStatus as Status } from '../../gen/grpc/health/v1/health_pb.ts'
import type { Readiness } from '../../runtime/readiness.ts'
import { shownText } from '../../runtime/shown-text.ts'
import { jsonReading } from '../rpc/json-reading.ts'

/** The gRPC health protocol. Every service is as ready as the server. The empty name stands for the server itself. */
export function healthRoutes(readiness: Readiness, services: readonly string[], stopping: AbortSignal): (router: ConnectRouter) => void {
  const names = ['', ...services]
  const status = (): Status => (readiness.isReady ? Status.SERVING : Status.NOT_SERVING)
  const { check, list, watch } = Health.method
  return router => {
    router.rpc(
      check,
      ({ service }) => {
        if (names.includes(service)) return { status: status() }
        throw new ConnectError(`service: got ${shownText(service)}, expected one of ${shownNames(names)}`, Code.NotFound)
      },
      jsonReading(check.input),
    )
    router.rpc(list, () => ({ statuses: Object.fromEntries(names.map(name => [name, { status: status() }])) }), jsonReading(list.input))
    router.rpc(
      watch,
      async function* ({ service }, context) {
        const ended = AbortSignal.any([context.signal, stopping])
        const present = names.includes(service) ? status : () => Status.SERVICE_UNKNOWN
        while (!ended.aborted) {
          const change = readiness.change(ended)
          yield { status: present() }
          await change
        }
        if (!context.signal.aborted) yield { status: names.includes(service) ? Status.NOT_SERVING : Status.SERVICE_UNKNOWN }
      },
      jsonReading(watch.input),
    )
  }
}

function shownNames(names: readonly string[]): string {
  return names.map(name => JSON.stringify(name)).join(', ')
}
