import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, boolean, bytes, int16, int32, nullable, string } from '../types.ts'

export const describeGroups = defineApi({
  name: 'DescribeGroups',
  key: 15,
  versions: [0, 5],
  flexibleFrom: 5,
  request: {
    groups: array(string),
    includeAuthorizedOperations: since(3, boolean),
  },
  response: {
    throttleTimeMs: since(1, int32),
    groups: array({
      errorCode: int16,
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: since(4, nullable(string)),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: since(3, int32, { absent: -0x8000_0000 }),
    }),
  },
})
