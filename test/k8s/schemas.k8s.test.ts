import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { environment } from '../../local/environment.ts'
import { plant } from './mistakes.ts'
import { readProjectFiles, type ProjectFiles } from './project/project-files.ts'
import { can } from './tools/can.ts'
import { findKustomize, findValidator } from './tools/find-tools.ts'
import { run, type Outcome } from './tools/run.ts'
import { OVERLAYS, REFUSED } from './tools/server-mistakes.ts'
import { inCopy } from './tools/write-project.ts'

const { KUBECONFIG: cluster, CRD_DIR: crds } = environment()
const kustomize = findKustomize()
const validator = cluster === undefined && crds !== undefined && kustomize !== undefined ? findValidator() : undefined
const reasons = [
  ...(kustomize === undefined ? ['there is neither `kustomize` nor `kubectl`'] : []),
  ...(crds === undefined
    ? ['KUBECONFIG names no cluster, and CRD_DIR does not say where the definitions of the operators in k8s/operators/skaffold.yaml are']
    : []),
  ...(crds !== undefined && !existsSync(crds) ? [`CRD_DIR is ${crds}, which is not there`] : []),
  ...(kustomize !== undefined && crds !== undefined && validator === undefined
    ? ['there is neither `kubectl-validate` nor Go to install it with']
    : []),
]
const files = readProjectFiles()

/** What the validator says of an overlay, with the schemas of Kubernetes and of the operators' definitions. */
function validate(overlay: string, changed: ProjectFiles): Promise<Outcome> {
  return inCopy(changed, async folder => {
    const { code, stdout, output } = await run([...kustomize!, join(folder, overlay)])
    if (code !== 0) throw new Error(output)
    const rendered = join(folder, 'rendered.yaml')
    writeFileSync(rendered, stdout)
    return run([...validator!, rendered, '--local-crds', crds!])
  })
}

// With a cluster, its API server says it: see api-server.k8s.test.ts.
describe.runIf(cluster === undefined && can("a validation by the operators' definitions", reasons))(
  'the schemas of Kubernetes and its operators',
  () => {
    test.each(OVERLAYS)('admit %s', async overlay => {
      const { code, output } = await validate(overlay, files)
      expect(code, output).toBe(0)
    })

    test.each(REFUSED.map(mistake => [mistake.title, mistake] as const))('refuse %s', async (_, mistake) => {
      const { code, output } = await validate('k8s/overlays/dev', plant(files, mistake))
      expect(code, output).not.toBe(0)
    })
  },
)
