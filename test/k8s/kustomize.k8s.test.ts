import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readProjectFiles } from './project/project-files.ts'
import { COMPONENTS, composition } from './project/project.ts'
import { readYaml, toResource, type Resource } from './project/read-yaml.ts'
import { render } from './render/render.ts'
import { can } from './tools/can.ts'
import { findKustomize } from './tools/find-tools.ts'
import { run } from './tools/run.ts'
import { inCopy } from './tools/write-project.ts'

const COMPOSED = 'k8s/overlays/composed'
const FOLDERS = [
  'k8s/overlays/dev',
  'k8s/overlays/dev/infra',
  'k8s/overlays/dev/sync',
  'k8s/overlays/dev/pong',
  'k8s/overlays/dev/semaphore',
  'k8s/overlays/prod',
  COMPOSED,
]

const kustomize = findKustomize()
const reasons = kustomize === undefined ? ['there is neither `kustomize` nor `kubectl`'] : []
const files = new Map([...readProjectFiles(), [`${COMPOSED}/kustomization.yaml`, composition(COMPONENTS)]])

const byName = (resources: readonly Resource[]): Readonly<Record<string, Resource>> =>
  Object.fromEntries(resources.map(resource => [`${resource.kind} ${resource.metadata.name}`, resource]))

describe.runIf(can('a comparison with Kustomize itself', reasons))('the rendering that the checks read', () => {
  test.each(FOLDERS)('equals what Kustomize renders from %s', async folder => {
    const { code, stdout, output } = await inCopy(files, copy => run([...kustomize!, join(copy, folder)]))
    expect(code, output).toBe(0)
    const resources = readYaml(folder, stdout).map(value => toResource(folder, value))
    expect(resources.length).toBeGreaterThan(5)
    expect(byName(render(files, folder))).toEqual(byName(resources))
  })
})
