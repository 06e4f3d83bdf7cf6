import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environment } from '../../local/environment.ts'
import { onPath } from '../../local/launch/on-path.ts'
import { plant } from './mistakes.ts'
import { readProjectFiles, type ProjectFiles } from './project/project-files.ts'
import { readYaml, toResource, type Resource } from './project/read-yaml.ts'
import { can } from './tools/can.ts'
import { findKustomize, type Command } from './tools/find-tools.ts'
import { run, type Outcome } from './tools/run.ts'
import { OVERLAYS, REFUSED } from './tools/server-mistakes.ts'
import { inCopy } from './tools/write-project.ts'

const kubectl: Command = [onPath('kubectl') ?? 'kubectl']
const kustomize = findKustomize()
const reasons = onPath('kubectl') === undefined ? ['there is no `kubectl`'] : []
const files = readProjectFiles()
/** The only thing that is created, for a moment: a dry run needs a namespace that exists. */
const namespace = `ping-dry-run-${randomUUID().slice(0, 8)}`

async function rendered(overlay: string, changed: ProjectFiles): Promise<readonly Resource[]> {
  const { code, stdout, output } = await inCopy(changed, folder => run([...kustomize!, join(folder, overlay)]))
  if (code !== 0) throw new Error(output)
  return readYaml(overlay, stdout).map(value => toResource(overlay, value))
}

/** What the API server says of an overlay. Warnings count: a pod as root is admitted with one. */
async function dryRun(overlay: string, changed: ProjectFiles): Promise<Outcome> {
  const resources = (await rendered(overlay, changed)).filter(({ kind }) => kind !== 'Namespace')
  const items = resources.map(resource => ({ ...resource, metadata: { ...resource.metadata, namespace } }))
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const { code, stdout, output } = await run(
    [...kubectl, 'apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'],
    list,
  )
  return { code: code === 0 && /^Warning:/m.test(output) ? 1 : code, stdout, output }
}

// Without a cluster the operators' definitions check most of it: see schemas.k8s.test.ts.
describe.runIf(environment()['KUBECONFIG'] !== undefined && can('a dry run at an API server', reasons))(
  "an API server with the operators' definitions",
  () => {
    beforeAll(async () => {
      const ours = (await rendered('k8s/overlays/dev', files)).find(({ kind }) => kind === 'Namespace')
      const { code, output } = await run(
        [...kubectl, 'create', '-f', '-'],
        JSON.stringify({ ...ours, metadata: { ...ours?.metadata, name: namespace } }),
      )
      expect(code, output).toBe(0)
    })
    afterAll(() => run([...kubectl, 'delete', 'namespace', namespace, '--wait=false', '--ignore-not-found']))

    test.each(OVERLAYS)('admits %s without a warning', async overlay => {
      const { code, output } = await dryRun(overlay, files)
      expect(code, output).toBe(0)
    })

    test.each([
      ...REFUSED.map(mistake => [mistake.title, mistake] as const),
      ['root', { title: 'root', file: 'k8s/app/server.yaml', text: 'runAsUser: 1000', by: 'runAsUser: 0' }] as const,
    ])('refuses %s', async (_, mistake) => {
      const { code, output } = await dryRun('k8s/overlays/dev', plant(files, { says: '', ...mistake }))
      expect(code, output).not.toBe(0)
    })
  },
)
