import { ofKind } from '../cluster/of-kind.ts'
import { operatorMade } from '../cluster/operator-made.ts'
import { textOf, type ProjectFiles } from '../project/project-files.ts'
import type { Project, Rendering } from '../project/project.ts'
import { perRendering } from './check.ts'
import { referencesOf, type Reference } from './reference-list.ts'

export const references = perRendering(
  'name no Secret, ConfigMap, ServiceAccount or other resource that nothing creates',
  ({ resources }: Rendering, { files }: Project) => {
    const made = operatorMade(resources)
    const configMaps = Object.fromEntries(
      ofKind(resources, 'ConfigMap').map(({ metadata, data }) => [metadata.name, Object.keys(data ?? {})]),
    )
    return [
      ...referencesOf(resources),
      ...awaited(
        files,
        resources.map(({ kind }) => kind),
      ),
    ].flatMap(({ from, kind, name, key }) => {
      const keys = kind === 'Secret' ? made.secrets[name] : kind === 'ConfigMap' ? configMaps[name] : undefined
      const isThere = keys !== undefined || resources.some(other => other.kind === kind && other.metadata.name === name)
      if (!isThere) return [`${from}: got ${kind} ${name}, expected one that is in the manifests or that an operator makes`]
      if (key === undefined || keys?.includes(key)) return []
      return [`${from}: got key ${key} of ${kind} ${name}, expected one of ${keys?.join(', ')}`]
    })
  },
)

const WAIT = 'k8s/infra/wait-until-ready.sh'

/** What the script waits for, as `kafkatopic/ping-events` or with the group after the kind. */
function awaited(files: ProjectFiles, kinds: readonly string[]): readonly Reference[] {
  const commands = textOf(files, WAIT)
    .split('\n')
    .filter(line => !line.startsWith('#'))
  const named = [...commands.join('\n').matchAll(/(?<=\s)([a-z]+)[a-z.]*\/([\w.-]+)/g)]
  return named.map(([, word = '', name = '']) => ({ from: WAIT, kind: kinds.find(kind => kind.toLowerCase() === word) ?? word, name }))
}
