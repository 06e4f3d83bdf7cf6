import { STOP_PARTS_MS as PROCESSOR_STOP_PARTS_MS } from '../../../processor/wiring.ts'
import { readSettings } from '../../../src/runtime/settings.ts'
import { serverSettings } from '../../../src/server/settings.ts'
import { STOP_PARTS_MS } from '../../../src/server/wiring.ts'
import { containersOf, literalEnv } from '../cluster/workloads.ts'
import { perRendering } from './check.ts'
import { programOf } from './programs.ts'

/** Kubernetes' own, where a pod says nothing. */
const DEFAULT_GRACE_SECONDS = 30

export const termination = perRendering('are given the time that their programs take to stop', ({ resources }) =>
  containersOf(resources)
    .filter(({ isInit, workload }) => !isInit && workload.kind === 'Deployment')
    .flatMap(({ where, workload, container }) => {
      const preStopSeconds = container.lifecycle?.preStop?.sleep?.seconds ?? 0
      const isServer = programOf(container).file === 'src/server/main.ts'
      const stopMs = isServer ? serverStopMs(literalEnv(container)) : PROCESSOR_STOP_PARTS_MS
      const grace = workload.pod.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
      return [
        ...(grace > preStopSeconds + stopMs / 1_000
          ? []
          : [
              `${where}: got terminationGracePeriodSeconds ${grace}, expected more than preStop ${preStopSeconds} s and a stop of ${stopMs / 1_000} s`,
            ]),
        ...(isServer && preStopSeconds === 0 ? [`${where}: got no preStop sleep, expected one: proxies still send calls`] : []),
      ]
    }),
)

function serverStopMs(env: Readonly<Record<string, string>>): number {
  const { notReadyMs, drainMs } = readSettings({ notReadyMs: serverSettings.notReadyMs, drainMs: serverSettings.drainMs }, env)
  return notReadyMs + drainMs + STOP_PARTS_MS
}
