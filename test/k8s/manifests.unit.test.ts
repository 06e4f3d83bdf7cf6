import { describe, expect, test } from 'vitest'
import { CHECKS } from './checks/checks.ts'
import { containersOf } from './cluster/workloads.ts'
import { readProjectFiles, textOf } from './project/project-files.ts'
import { composition, readProject } from './project/project.ts'
import { render } from './render/render.ts'

const project = readProject(readProjectFiles())

describe('the manifests', () => {
  test('are found', () => {
    expect(project.documents.length).toBeGreaterThan(60)
    expect(Math.min(...project.renderings.map(({ resources }) => resources.length))).toBeGreaterThan(20)
  })

  test('accept the patch for TLS and tokens in docs/operations.md', async () => {
    const [, patch = ''] =
      /^```yaml\n([^]*?)^```/m.exec(textOf(project.files, 'docs/operations.md').split('## Who may call')[1] ?? '') ?? []
    const overlay = { ...JSON.parse(composition([])), patches: [{ patch }] }
    const resources = render(
      new Map([...project.files, ['k8s/overlays/composed/kustomization.yaml', JSON.stringify(overlay)]]),
      'k8s/overlays/composed',
    )
    const [server] = containersOf(resources).filter(({ where, isInit }) => where.includes('Deployment server') && !isInit)
    expect(server?.container.env).toContainEqual({ name: 'TLS_CERT_FILE', value: '/etc/ping/tls/tls.crt' })
    expect(server?.container.livenessProbe?.httpGet).toEqual({ path: '/livez', port: 'http', scheme: 'HTTPS' })
    const patched = { ...project, renderings: [{ name: 'with TLS', resources }] }
    for (const name of ['typed', 'validated', 'settings', 'probes', 'ports', 'podSecurity'])
      expect(await CHECKS[name]?.find(patched), name).toEqual([])
  })

  test.each(Object.values(CHECKS))('$title', async check => expect(await check.find(project)).toEqual([]))
})
