import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { describeCluster } from '../../../broker/wire/tables/index.ts'
import { ADVERTISED, AdminUnderTest, CLUSTER_ID, NODE_ID } from './admin-under-test.ts'

describe('DescribeCluster', () => {
  test.each([0, 1])('returns the cluster, its one broker and its advertised address, in version %i', async version => {
    expect(await new AdminUnderTest().ask(describeCluster, version, { includeClusterAuthorizedOperations: false })).toEqual({
      throttleTimeMs: 0,
      errorCode: ERROR.NONE,
      errorMessage: null,
      endpointType: 1,
      clusterId: CLUSTER_ID,
      controllerId: NODE_ID,
      brokers: [{ brokerId: NODE_ID, ...ADVERTISED, rack: null }],
      clusterAuthorizedOperations: -0x8000_0000,
    })
  })

  test('returns the allowed operations if asked for them', async () => {
    const { clusterAuthorizedOperations } = await new AdminUnderTest().ask(describeCluster, 0, { includeClusterAuthorizedOperations: true })
    expect(clusterAuthorizedOperations).toBe(8096)
  })

  test.each([
    [2, ERROR.MISMATCHED_ENDPOINT_TYPE],
    [3, ERROR.UNSUPPORTED_ENDPOINT_TYPE],
  ])('refuses endpoints of type %i', async (endpointType, errorCode) => {
    const answer = await new AdminUnderTest().ask(describeCluster, 1, { includeClusterAuthorizedOperations: false, endpointType })
    expect(answer).toMatchObject({
      errorCode,
      errorMessage: `endpoint type: got ${endpointType}, expected 1: this is a broker`,
      controllerId: -1,
      brokers: [],
    })
  })
})
