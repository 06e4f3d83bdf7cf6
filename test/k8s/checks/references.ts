import type { Rendering } from '../project/project.ts'
import { ofKind } from '../cluster/of-kind.ts'
import { operatorMade } from '../cluster/operator-made.ts'
import { perRendering } from './check.ts'
import { referencesOf } from './reference-list.ts'

export const references = perRendering('name no Secret, ConfigMap, ServiceAccount or other resource that nobody makes', ({ resources }: Rendering) => {
  const made = operatorMade(resources)
  const configMaps = Object.fromEntries(ofKind(resources, 'ConfigMap').map(({ metadata, data }) => [metadata.name, Object.keys(data ?? {})]))
  return referencesOf(resources).flatMap(({ from, kind, name, key }) => {
    const keys = kind === 'Secret' ? made.secrets[name] : kind === 'ConfigMap' ? configMaps[name] : undefined
    const isThere = keys !== undefined || resources.some(other => other.kind === kind && other.metadata.name === name)
    if (!isThere) return [`${from}: got ${kind} ${name}, expected one that is in the manifests or that an operator makes`]
    if (key === undefined || keys?.includes(key)) return []
    return [`${from}: got key ${key} of ${kind} ${name}, expected one of ${keys?.join(', ')}`]
  })
})
