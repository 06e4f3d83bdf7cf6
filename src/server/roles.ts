import type { Roles } from '../transport/access/roles.ts'

const ROLE_OF_PATH: Readonly<Record<string, string>> = {
  '/ping.v1.PingService/Ping': 'ping',
  '/ping.v1.PingService/PingBatch': 'ping',
  '/ping.v1.PingService/PingStream': 'ping',
  '/metrics': 'metrics',
}

/**
 * What a token allows: `ping` records pings, `read` counts them and reads the schema, `metrics` reads the metrics. Any path that is
 * not listed needs `read`.
 */
export const pingRoles: Roles = {
  realm: 'ping',
  names: ['ping', 'read', 'metrics'],
  roleOf: path => ROLE_OF_PATH[path] ?? 'read',
}
