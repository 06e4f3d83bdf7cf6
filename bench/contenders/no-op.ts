/** Contender (b): Connect's adapter with a handler that does nothing. The ceiling of Connect on Node. */
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { serve } from './serve.ts'

serve(
  connectNodeAdapter({
    routes: router => router.service(PingService, { ping: () => ({}), pingCount: () => ({ pingCount: 1n }) }),
  }),
)
