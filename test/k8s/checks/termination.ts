import { STOP_PARTS_MS as PONG_STOP_PARTS_MS } from '../../../pong/wiring.ts'
import { STOP_PARTS_MS as PROCESSOR_STOP_PARTS_MS } from '../../../processor/wiring.ts'
import { STOP_PARTS_MS as SEMAPHORE_STOP_PARTS_MS } from '../../../semaphore/wiring.ts'
import { readSettings } from '../../../src/runtime/settings.ts'
import { STOP_PARTS_MS as SERVER_STOP_PARTS_MS } from '../../../src/server/wiring.ts'
import { portSettings } from '../../../src/transport/settings.ts'
import { containersOf, isLongRunning, literalEnv } from '../cluster/workloads.ts'
import { perRendering } from './check.ts'
import { programOf } from './programs.ts'

/** Kubernetes' own, where a pod says nothing. */
const DEFAULT_GRACE_SECONDS = 30
/** How long the parts of a program take to stop, at most. One that serves calls first drains them. */
const STOPS: Readonly<Record<string, { readonly partsMs: number; readonly hasCallers: boolean }>> = {
  'src/server/main.ts': { partsMs: SERVER_STOP_PARTS_MS, hasCallers: true },
  'processor/main.ts': { partsMs: PROCESSOR_STOP_PARTS_MS, hasCallers: false },
  'pong/main.ts': { partsMs: PONG_STOP_PARTS_MS, hasCallers: false },
  'semaphore/main.ts': { partsMs: SEMAPHORE_STOP_PARTS_MS, hasCallers: true },
}

export const termination = perRendering('are given the time that their programs take to stop', ({ resources }) =>
  containersOf(resources)
    .filter(isLongRunning)
    .flatMap(({ where, workload, container }) => {
      const preStopSeconds = container.lifecycle?.preStop?.sleep?.seconds ?? 0
      const { partsMs, hasCallers } = STOPS[programOf(container).file] ?? { partsMs: 0, hasCallers: false }
      const stopMs = partsMs + (hasCallers ? drainMs(literalEnv(container)) : 0)
      const grace = workload.pod.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
      return [
        ...(grace > preStopSeconds + stopMs / 1_000
          ? []
          : [
              `${where}: got terminationGracePeriodSeconds ${grace}, expected more than preStop ${preStopSeconds} s and a stop of ${stopMs / 1_000} s`,
            ]),
        ...(hasCallers && preStopSeconds === 0 ? [`${where}: got no preStop sleep, expected one: proxies still send calls`] : []),
      ]
    }),
)

function drainMs(env: Readonly<Record<string, string>>): number {
  const settings = readSettings({ notReadyMs: portSettings.notReadyMs, drainMs: portSettings.drainMs }, env)
  return settings.notReadyMs + settings.drainMs
}
