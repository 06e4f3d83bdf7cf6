/** What tokens allow at a port: each service has its own. */
export interface Roles {
  /** The realm of the challenges: the name of the service. */
  readonly realm: string
  /** Every role that a token may have. */
  readonly names: readonly string[]
  /** The role that a path needs which is not for probes. */
  readonly roleOf: (path: string, method: string) => string
}

const PROBES: readonly string[] = ['/livez', '/readyz', '/healthz']
const GRPC_HEALTH = '/grpc.health.v1.Health/'

/** The role that a request needs. Undefined: none, the path is for probes. */
export function neededRole(roles: Roles, path: string, method: string): string | undefined {
  if (PROBES.includes(path) || path.startsWith(GRPC_HEALTH)) return undefined
  return roles.roleOf(path, method)
}
