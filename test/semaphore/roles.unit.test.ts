import { describe, expect, test } from 'vitest'
import { semaphoreRoles } from '../../semaphore/roles.ts'
import { neededRole } from '../../src/transport/access/roles.ts'

const RPC = '/semaphore.v1.SemaphoreService'

describe('the role that a request to the semaphore needs', () => {
  test.each([
    ['POST', `${RPC}/Submit`, 'use'],
    ['POST', `${RPC}/Finish`, 'use'],
    ['POST', `${RPC}/Extend`, 'use'],
    ['POST', `${RPC}/Cancel`, 'use'],
    ['POST', `${RPC}/SetLimits`, 'use'],
    ['POST', `${RPC}/AddedLater`, 'use'],
    ['POST', `${RPC}/GetResource`, 'read'],
    ['GET', `${RPC}/GetCommand`, 'read'],
    ['POST', `${RPC}/ListQueue`, 'read'],
    ['POST', `${RPC}/ListResources`, 'read'],
    ['POST', `${RPC}/Watch`, 'read'],
    ['POST', '/command', 'use'],
    ['POST', '/command/printer-1', 'use'],
    ['POST', '/event/printer-1/job-1', 'use'],
    ['DELETE', '/command/printer-1/job-1', 'use'],
    ['PUT', '/resource/printer-1/limits', 'use'],
    ['GET', '/command/job-1', 'read'],
    ['HEAD', '/resource/printer-1', 'read'],
    ['GET', '/openapi.json', 'read'],
    ['POST', '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', 'read'],
    ['GET', '/metrics', 'metrics'],
    ['GET', '/readyz', undefined],
    ['POST', '/grpc.health.v1.Health/Check', undefined],
  ])('%s %s: %s', (method, path, role) => expect(neededRole(semaphoreRoles, path, method)).toBe(role))
})
