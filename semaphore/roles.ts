import type { Roles } from '../src/transport/access/roles.ts'

const READS: readonly string[] = ['GetResource', 'GetCommand', 'ListQueue', 'ListResources', 'Watch']
const SERVICE = '/semaphore.v1.SemaphoreService/'
const CHANGED_BY_REST: readonly string[] = ['POST', 'PUT', 'DELETE']

/**
 * What a token allows: `use` submits, finishes, extends and cancels commands and sets limits, `read` reads resources, queues and
 * commands and the schema, `metrics` reads the metrics.
 */
export const semaphoreRoles: Roles = {
  realm: 'semaphore',
  names: ['use', 'read', 'metrics'],
  roleOf(path, method) {
    if (path === '/metrics') return 'metrics'
    if (path.startsWith(SERVICE)) return READS.includes(path.slice(SERVICE.length)) ? 'read' : 'use'
    // Reflection is called by POST.
    return CHANGED_BY_REST.includes(method) && !path.startsWith('/grpc.') ? 'use' : 'read'
  },
}
