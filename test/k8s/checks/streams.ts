import { PingService } from '../../../src/gen/ping/v1/ping_pb.ts'
import { EVENTS_PATH } from '../../../src/server/page/page-events.ts'
import { ofKind } from '../cluster/of-kind.ts'
import type { Rendering } from '../project/project.ts'
import { perRendering } from './check.ts'

/** The paths of answers that do not end by themselves, over HTTP/1.1. */
const STREAMS = [
  ...PingService.methods
    .filter(({ methodKind }) => methodKind === 'server_streaming')
    .map(({ name, parent }) => `/${parent.typeName}/${name}`),
  EVENTS_PATH,
]

export const streams = perRendering('let a gateway end no stream by a time limit', ({ resources }: Rendering) =>
  ofKind(resources, 'HTTPRoute').flatMap(({ metadata, spec }) => {
    const matches = (spec.rules ?? []).flatMap(({ matches: all = [], timeouts }) =>
      all.map(({ path }) => ({ type: path?.type ?? 'PathPrefix', value: path?.value ?? '/', limit: timeouts?.request ?? 'none' })),
    )
    return STREAMS.flatMap(stream => {
      const [rule] = matches
        .filter(({ type, value }) => (type === 'Exact' ? stream === value : isBelow(stream, value)))
        .toSorted((a, b) => Number(b.type === 'Exact') - Number(a.type === 'Exact') || b.value.length - a.value.length)
      // A rule without a limit has that of the gateway: Envoy's is 15 s.
      return rule === undefined || rule.limit === '0s'
        ? []
        : [`HTTPRoute ${metadata.name}: got the request time-out ${rule.limit} for ${stream}, expected 0s`]
    })
  }),
)

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}
