import type { Handler } from '../server/handler.ts'
import type { alterConfigs } from '../wire/tables/alter-configs.ts'
import type { AdminOptions } from './admin-options.ts'
import { changeConfigs, valueOf } from './change-configs.ts'

/** Replaces all settings of a resource: a key that is not named returns to its default. */
export function alterConfigsHandler(options: AdminOptions): Handler<typeof alterConfigs> {
  return async ({ resources, validateOnly }) => ({
    responses: await changeConfigs(
      options,
      resources,
      ({ configs }) => new Map(configs.map(config => [config.name, valueOf(config)])),
      validateOnly,
    ),
  })
}
