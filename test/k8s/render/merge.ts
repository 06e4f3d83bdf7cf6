import { isObject, type Json, type JsonObject } from '../project/read-yaml.ts'

/** The keys that identify the items of Kubernetes' own lists; a list that is not here is replaced. */
const KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
  topologySpreadConstraints: 'topologyKey',
}

/**
 * A copy of `base` with what `patch` says: null removes a field, lists are replaced. With `byKey`, as for Kubernetes'
 * own kinds, the lists of a pod are merged item by item, new items first.
 */
export function merge(base: JsonObject, patch: JsonObject, byKey: boolean): JsonObject {
  const merged: Record<string, Json> = { ...base }
  for (const [name, value] of Object.entries(patch)) {
    const before = merged[name]
    if (value === null) delete merged[name]
    else if (isObject(value)) merged[name] = merge(isObject(before) ? before : {}, value, byKey)
    else if (byKey && Array.isArray(value) && Array.isArray(before) && name in KEYS) merged[name] = mergeItems(before, value, KEYS[name]!)
    else merged[name] = value
  }
  return merged
}

function mergeItems(base: readonly Json[], patch: readonly Json[], key: string): readonly Json[] {
  const keyOf = (item: Json): Json | undefined => (isObject(item) ? item[key] : undefined)
  const merged = base.map(item => {
    const change = patch.find(other => keyOf(other) === keyOf(item))
    return isObject(item) && isObject(change) ? merge(item, change, true) : item
  })
  return [...patch.filter(item => base.every(other => keyOf(other) !== keyOf(item))), ...merged]
}
