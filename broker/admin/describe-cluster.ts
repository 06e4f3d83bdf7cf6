import { ERROR } from '../errors.ts'
import type { Handler } from '../server/handler.ts'
import { CLUSTER_OPERATIONS, operations } from '../wire/operations.ts'
import type { describeCluster } from '../wire/tables/describe-cluster.ts'
import type { AdminOptions } from './admin-options.ts'

/** What clients may ask for: the brokers of a cluster, or its controllers, which this broker does not have. */
const BROKERS = 1
const CONTROLLERS = 2
const NO_NODE = -1

export function describeClusterHandler({ settings: { nodeId }, clusterId }: AdminOptions): Handler<typeof describeCluster> {
  return ({ endpointType, includeClusterAuthorizedOperations }, { advertised }) => {
    if (endpointType !== BROKERS) {
      const errorCode = endpointType === CONTROLLERS ? ERROR.MISMATCHED_ENDPOINT_TYPE : ERROR.UNSUPPORTED_ENDPOINT_TYPE
      const errorMessage = `endpoint type: got ${endpointType}, expected ${BROKERS}: this is a broker`
      return {
        errorCode,
        errorMessage,
        clusterId: '',
        controllerId: NO_NODE,
        brokers: [],
        clusterAuthorizedOperations: operations(false, CLUSTER_OPERATIONS),
      }
    }
    return {
      errorCode: ERROR.NONE,
      errorMessage: null,
      clusterId,
      controllerId: nodeId,
      brokers: [{ brokerId: nodeId, ...advertised, rack: null }],
      clusterAuthorizedOperations: operations(includeClusterAuthorizedOperations, CLUSTER_OPERATIONS),
    }
  }
}
