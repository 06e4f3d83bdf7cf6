import { commandRoutes, type CommandRoutesOptions } from './command-routes.ts'
import { eventRoute } from './event-route.ts'
import { openApiRoute } from './openapi.ts'
import { resourceRoutes } from './resource-routes.ts'
import type { RestRoute } from './rest-route.ts'

/** Every route of the semaphore for callers that know only HTTP, with the document that describes them. */
export function restRoutes(options: CommandRoutesOptions): readonly RestRoute[] {
  const routes = [...commandRoutes(options), eventRoute(options.calls), ...resourceRoutes(options)]
  return [...routes, openApiRoute(routes)]
}
