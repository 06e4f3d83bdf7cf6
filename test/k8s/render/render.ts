import { posix } from 'node:path'
import type { ConfigMapSource, IKustomization, Patch } from '../kinds/kustomization.ts'
import { textOf, type ProjectFiles } from '../project/project-files.ts'
import { readYaml, toResource, type Json, type JsonObject, type Resource } from '../project/read-yaml.ts'
import { applyOperations, type Operation } from './json-patch.ts'
import { merge } from './merge.ts'
import { setImages } from './set-images.ts'

/** Kinds that Kustomize merges as it does lists without a schema: those of the operators. */
const IS_CUSTOM = /\.(strimzi|cnpg)\.io\/|^(dragonflydb\.io|keda\.sh|monitoring\.coreos\.com|gateway\.networking\.k8s\.io)\//

/**
 * What `kustomize build` makes of a folder, for that part of Kustomize that we use (kinds/kustomization.ts; whatever else
 * is written there, the check of types finds). `npm run test:k8s` compares it with Kustomize itself. Throws for a file, a
 * place or a resource that is not there.
 */
export function render(files: ProjectFiles, folder: string): readonly Resource[] {
  return build(files, folder, [])
}

function build(files: ProjectFiles, folder: string, before: readonly Resource[]): readonly Resource[] {
  const file = posix.join(folder, 'kustomization.yaml')
  const [kustomization] = readYaml(file, textOf(files, file)) as unknown as readonly IKustomization[]
  const { resources = [], components = [], configMapGenerator = [], patches = [], images = [], namespace } = kustomization!
  const own = resources.flatMap(path => load(files, posix.join(folder, path)))
  const composed = components.reduce<readonly Resource[]>((all, path) => build(files, posix.join(folder, path), all), [...before, ...own])
  const whole = [...composed, ...configMapGenerator.map(source => toConfigMap(files, folder, source))]
  const patched = patches.reduce<readonly Resource[]>((all, patch) => applyPatch(all, patch, { files, folder, file }), whole)
  const named = namespace === undefined ? patched : patched.map(resource => inNamespace(resource, namespace))
  return named.map(resource => setImages(resource, images))
}

function load(files: ProjectFiles, path: string): readonly Resource[] {
  if (!path.endsWith('.yaml')) return build(files, path, [])
  return readYaml(path, textOf(files, path)).map(value => toResource(path, value))
}

function inNamespace(resource: Resource, namespace: string): Resource {
  return resource.kind === 'Namespace' ? resource : { ...resource, metadata: { ...resource.metadata, namespace } }
}

function toConfigMap(files: ProjectFiles, folder: string, source: ConfigMapSource): Resource {
  const data = source.files.map(pair => {
    const [name = '', path = ''] = pair.split('=')
    return [name, textOf(files, posix.join(folder, path))]
  })
  const { name, namespace = 'default', options } = source
  const metadata = { name, namespace, labels: options.labels ?? {} }
  return toResource(folder, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: Object.fromEntries(data) as JsonObject })
}

interface Place {
  readonly files: ProjectFiles
  readonly folder: string
  readonly file: string
}

function applyPatch(resources: readonly Resource[], { path, patch, target }: Patch, { files, folder, file }: Place): readonly Resource[] {
  const source = path === undefined ? file : posix.join(folder, path)
  const text = path === undefined ? (patch ?? '') : textOf(files, source)
  if (text.trimStart().startsWith('- ')) {
    const [{ operations } = { operations: [] }] = readYaml(source, `operations:\n${text}`) as unknown as readonly {
      operations: readonly Operation[]
    }[]
    return change(resources, target, source, resource => applyOperations(resource, operations))
  }
  return readYaml(source, text).reduce<readonly Resource[]>((all, value) => {
    const { kind, metadata } = toResource(source, value)
    return change(all, target ?? { kind, name: metadata.name }, source, resource =>
      merge(resource, value, !IS_CUSTOM.test(String(resource['apiVersion']))),
    )
  }, resources)
}

function change(
  resources: readonly Resource[],
  target: Patch['target'],
  source: string,
  by: (resource: JsonObject) => Json,
): readonly Resource[] {
  const isMeant = ({ kind, metadata }: Resource): boolean => kind === target?.kind && metadata.name === target.name
  if (!resources.some(isMeant)) throw new Error(`${source}: patches ${target?.kind} ${target?.name}, which is not there`)
  return resources.map(resource => (isMeant(resource) ? toResource(source, by(resource as unknown as JsonObject) as JsonObject) : resource))
}
