import { topicFallback } from '../config/log-settings.ts'
import type { BrokerSettings } from '../config/settings.ts'
import { topicKeys } from '../config/topic-keys.ts'
import { ERROR, ProtocolError } from '../errors.ts'
import type { Handler } from '../server/handler.ts'
import type { RequestOf } from '../wire/api.ts'
import type { incrementalAlterConfigs } from '../wire/tables/incremental-alter-configs.ts'
import type { AdminOptions } from './admin-options.ts'
import { changeConfigs, valueOf } from './change-configs.ts'

type Operation = RequestOf<typeof incrementalAlterConfigs>['resources'][number]['configs'][number]

const OPERATION = { set: 0, delete: 1, append: 2, subtract: 3 } as const

/** Changes the named keys; the others stay unchanged. */
export function incrementalAlterConfigsHandler(options: AdminOptions): Handler<typeof incrementalAlterConfigs> {
  return async ({ resources, validateOnly }) => ({
    responses: await changeConfigs(
      options,
      resources,
      ({ configs }, current) => withOperations(current, configs, options.settings),
      validateOnly,
    ),
  })
}

function withOperations(
  current: ReadonlyMap<string, string>,
  operations: readonly Operation[],
  settings: BrokerSettings,
): ReadonlyMap<string, string> {
  const changed = new Map(current)
  for (const operation of operations) {
    const { name, configOperation } = operation
    if (configOperation === OPERATION.delete) changed.delete(name)
    else if (configOperation === OPERATION.set) changed.set(name, valueOf(operation))
    else changed.set(name, changedList(current.get(name), operation, settings))
  }
  return changed
}

function changedList(current: string | undefined, operation: Operation, settings: BrokerSettings): string {
  const { name, configOperation } = operation
  if (configOperation !== OPERATION.append && configOperation !== OPERATION.subtract) {
    throw new ProtocolError(
      ERROR.INVALID_REQUEST,
      `operation on ${name}: got ${configOperation}, expected 0 to set, 1 to delete, 2 to append or 3 to subtract`,
    )
  }
  const key = topicKeys.get(name)
  if (key?.type.name !== 'LIST')
    throw new ProtocolError(
      ERROR.INVALID_CONFIG,
      `operation on ${name}: got ${configOperation}, expected 0 or 1, since the key is not a list`,
    )
  const given = itemsOf(valueOf(operation))
  const kept = itemsOf(current ?? topicFallback(key, settings.given)).filter(
    item => !given.includes(item) || configOperation === OPERATION.append,
  )
  const added = configOperation === OPERATION.append ? given.filter(item => !kept.includes(item)) : []
  return [...kept, ...added].join(',')
}

function itemsOf(list: string): string[] {
  return list.split(',').flatMap(item => item.trim() || [])
}
