/** What a token allows: `ping` records pings, `read` counts them and reads the schema, `metrics` reads the metrics. */
export const ROLES = ['ping', 'read', 'metrics'] as const
export type Role = (typeof ROLES)[number]

const ROLE_OF_PATH: Readonly<Record<string, Role>> = {
  '/ping.v1.PingService/Ping': 'ping',
  '/ping.v1.PingService/PingBatch': 'ping',
  '/ping.v1.PingService/PingStream': 'ping',
  '/metrics': 'metrics',
}
const PROBES: readonly string[] = ['/livez', '/readyz', '/healthz']
const GRPC_HEALTH = '/grpc.health.v1.Health/'

/** The role that a path needs. Undefined: none, the path is for probes. Any path that is not listed needs `read`. */
export function neededRole(path: string): Role | undefined {
  if (PROBES.includes(path) || path.startsWith(GRPC_HEALTH)) return undefined
  return ROLE_OF_PATH[path] ?? 'read'
}
