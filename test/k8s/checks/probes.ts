import type { IContainer } from 'kubernetes-models/v1'
import { containersOf, isLongRunning } from '../cluster/workloads.ts'
import { perRendering } from './check.ts'

/** The pages of src/runtime/status-pages.ts that each probe asks for. Liveness depends on nothing else. */
const PAGES = { startupProbe: '/livez', readinessProbe: '/readyz', livenessProbe: '/livez' } as const

export const probes = perRendering('have all three probes in every long-running container, each at its own page', ({ resources }) =>
  containersOf(resources)
    .filter(isLongRunning)
    .flatMap(({ where, container }) => faultsOf(where, container)),
)

function faultsOf(where: string, container: IContainer): readonly string[] {
  return Object.entries(PAGES).flatMap(([name, page]) => {
    const path = container[name as keyof typeof PAGES]?.httpGet?.path
    return path === page ? [] : [`${where}: got a ${name} at ${path}, expected ${page}`]
  })
}
