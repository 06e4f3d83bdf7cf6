import type { ISkaffold } from '../kinds/skaffold.ts'
import { applyOperations, type Operation } from '../render/json-patch.ts'
import { render } from '../render/render.ts'
import { textOf, type ProjectFiles } from './project-files.ts'
import { readYaml, toResource, type Json, type JsonObject, type Resource } from './read-yaml.ts'

/** What one call of `kubectl apply` or `skaffold` brings into a cluster, and the job that one may run there. */
export interface Rendering {
  readonly name: string
  readonly resources: readonly Resource[]
}

/** A file of Skaffold, as it is or with one of its profiles. */
export interface SkaffoldFile {
  readonly path: string
  /** The profile, or an empty text. */
  readonly profile: string
  readonly config: ISkaffold
}

/** All that is checked, read and rendered. */
export interface Project {
  readonly files: ProjectFiles
  readonly documents: readonly { readonly path: string; readonly value: JsonObject }[]
  readonly renderings: readonly Rendering[]
  readonly skaffold: readonly SkaffoldFile[]
}

const VERIFY_JOB = 'k8s/app/verify-job.yaml'
const ALONE = ['monitoring', 'keda', 'gateway', 'backup', 'tracing', 'pong', 'semaphore'] as const
/** The last ones are of use only with others. */
export const COMPONENTS = [...ALONE, 'monitoring-pong', 'monitoring-semaphore'] as const
/** The systems next to Ping, which skaffold deploys with a profile each. */
const EXTRAS = ['pong', 'semaphore'] as const

/** Throws with the file and what is wrong in it, if the files cannot be read or put together. */
export function readProject(files: ProjectFiles): Project {
  const paths = [...files.keys()].filter(path => path.endsWith('.yaml'))
  const documents = paths.flatMap(path => readYaml(path, textOf(files, path)).map(value => ({ path, value })))
  const job = readYaml(VERIFY_JOB, textOf(files, VERIFY_JOB)).map(value => toResource(VERIFY_JOB, value))
  const renderings = [
    { name: 'dev', resources: render(files, 'k8s/overlays/dev') },
    { name: 'skaffold dev', resources: [...render(files, 'k8s/overlays/dev/infra'), ...render(files, 'k8s/overlays/dev/sync')] },
    {
      name: `skaffold dev -p ${EXTRAS.join()}`,
      resources: ['infra', 'sync', ...EXTRAS].flatMap(folder => render(files, `k8s/overlays/dev/${folder}`)),
    },
    { name: 'prod', resources: render(files, 'k8s/overlays/prod') },
    ...ALONE.map(component => ({ name: `prod with ${component}`, resources: renderProd(files, [component]) })),
    { name: 'prod with all components', resources: renderProd(files, COMPONENTS) },
  ]
  return {
    files,
    documents,
    renderings: renderings.map(({ name, resources }) => ({ name, resources: [...resources, ...job] })),
    skaffold: documents.filter(({ value }) => value['kind'] === 'Config').flatMap(readSkaffold),
  }
}

function renderProd(files: ProjectFiles, components: readonly string[]): readonly Resource[] {
  return render(new Map([...files, ['k8s/overlays/composed/kustomization.yaml', composition(components)]]), 'k8s/overlays/composed')
}

/** Overlay prod with components, as a user would write it in a folder next to it. */
export function composition(components: readonly string[]): string {
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['../prod'],
    components: components.map(component => `../../components/${component}`),
    images: ['ping-verify', 'ping-pong', 'ping-semaphore'].map(name => ({ name, newTag: '0.1.0' })),
  }
  return JSON.stringify(kustomization)
}

function readSkaffold({ path, value }: Project['documents'][number]): readonly SkaffoldFile[] {
  const config = value as unknown as ISkaffold
  const patched = (config.profiles ?? []).map(({ name, patches }) => {
    const changed: Json = applyOperations(value, patches as readonly Operation[])
    return { path, profile: name, config: changed as unknown as ISkaffold }
  })
  return [{ path, profile: '', config }, ...patched]
}
