import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, boolean, int16, int32, int8, nullable, string } from '../types.ts'

export const describeCluster = defineApi({
  name: 'DescribeCluster',
  key: 60,
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    includeClusterAuthorizedOperations: boolean,
    endpointType: since(1, int8, { absent: 1 }),
  },
  response: {
    throttleTimeMs: since(0, int32),
    errorCode: int16,
    errorMessage: nullable(string),
    endpointType: since(1, int8, { absent: 1 }),
    clusterId: string,
    controllerId: int32,
    brokers: array({ brokerId: int32, host: string, port: int32, rack: nullable(string) }),
    clusterAuthorizedOperations: int32,
  },
})
