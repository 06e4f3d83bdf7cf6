import { ERROR, type ErrorCode } from '../../errors.ts'
import type { Call, Handler } from '../../server/handler.ts'
import type { findCoordinator } from '../../wire/tables/find-coordinator.ts'

const KEY_TYPE = { group: 0, transaction: 1 } as const
/** The first version with several keys in a request. */
const BATCHED_SINCE = 4
const NOWHERE = { nodeId: -1, host: '', port: -1 }

/** This broker is the coordinator of every group. */
export function findCoordinatorHandler({ nodeId }: { nodeId: number }): Handler<typeof findCoordinator> {
  return ({ keyType, coordinatorKeys }, call) => {
    const found = find(keyType, nodeId, call)
    if (call.version < BATCHED_SINCE) return found
    return { coordinators: coordinatorKeys.map(each => ({ key: each, ...found })) }
  }
}

function find(keyType: number, nodeId: number, { advertised }: Call) {
  if (keyType === KEY_TYPE.group) return { errorCode: ERROR.NONE, errorMessage: null, nodeId, host: advertised.host, port: advertised.port }
  const [errorCode, errorMessage]: [ErrorCode, string] =
    keyType === KEY_TYPE.transaction
      ? [ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'this broker does not support transactions: unset transactional.id']
      : [ERROR.INVALID_REQUEST, `key type: got ${keyType}, expected 0 (group)`]
  return { errorCode, errorMessage, ...NOWHERE }
}
