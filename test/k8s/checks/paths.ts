import { existsSync, globSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { IKustomization } from '../kinds/kustomization.ts'
import { ROOT } from '../project/project-files.ts'
import type { ProjectFiles } from '../project/project-files.ts'
import type { Project, SkaffoldFile } from '../project/project.ts'
import type { Check } from './check.ts'

export const paths: Check = {
  title: 'name only files that exist, and every file',
  find: project => [...new Set([...project.skaffold.flatMap(file => ofSkaffold(file, project.files)), ...unused(project)])],
}

/** A path of Skaffold's files, from the folder of the project. Most are written from the folder of the file. */
interface Named {
  readonly path: string
  readonly isPattern?: boolean
}

function ofSkaffold({ path: from, config }: SkaffoldFile, files: ProjectFiles): readonly string[] {
  return namedBy(from, config)
    .filter(({ path, isPattern }) =>
      isPattern ? globSync(path, { cwd: ROOT }).length === 0 : !files.has(path) && !existsSync(join(ROOT, path)),
    )
    .map(({ path }) => `${from}: got the path ${path}, expected one that exists`)
}

function namedBy(from: string, { requires = [], build, manifests, deploy, verify = [] }: SkaffoldFile['config']): readonly Named[] {
  const next = (path: string): Named => ({ path: posix.join(posix.dirname(from), path) })
  const hooks = deploy?.kubectl?.hooks
  return [
    ...requires.map(({ path }) => next(path)),
    ...(build?.artifacts ?? []).flatMap(({ context, sync }) => [
      next(posix.join(context, 'Dockerfile')),
      ...(sync?.manual ?? []).map(({ src }) => ({ path: posix.join(posix.dirname(from), context, src), isPattern: true })),
    ]),
    ...(manifests?.kustomize.paths ?? []).map(path => next(posix.join(path, 'kustomization.yaml'))),
    ...(deploy?.helm?.releases ?? []).flatMap(({ valuesFiles = [] }) => valuesFiles.map(next)),
    ...[...(hooks?.before ?? []), ...(hooks?.after ?? [])].map(({ host }) => next(posix.join(host.dir, host.command.at(-1) ?? ''))),
    // Taken from where skaffold is called: docs/operations.md says in the folder of the project.
    ...verify.map(({ executionMode }) => ({ path: executionMode.kubernetesCluster.jobManifestPath })),
  ]
}

/** A file that nothing names is never deployed. */
function unused({ files, documents, skaffold }: Project): readonly string[] {
  const byKustomize = documents.flatMap(({ path, value }) => {
    const { resources = [], components = [], patches = [], configMapGenerator = [] } = value as unknown as IKustomization
    if (!posix.basename(path).startsWith('kustomization.')) return []
    const inside = [
      ...resources,
      ...components,
      ...patches.map(patch => patch.path ?? ''),
      ...configMapGenerator.flatMap(source => source.files.map(pair => pair.split('=')[1] ?? '')),
    ]
    return inside.map(name => posix.join(posix.dirname(path), name))
  })
  const bySkaffold = skaffold.flatMap(({ path, config }) => namedBy(path, config).map(named => named.path))
  const named = new Set([...byKustomize, ...bySkaffold])
  const entries = new Set(['kustomization.yaml', 'skaffold.yaml'])
  return [...files.keys()]
    .filter(path => path.startsWith('k8s/') && !entries.has(posix.basename(path)) && !named.has(path))
    .map(path => `${path}: no kustomization and no skaffold file names it, expected one that does`)
}
