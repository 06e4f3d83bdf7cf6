import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, int16, int32, string } from '../types.ts'

export const listGroups = defineApi({
  name: 'ListGroups',
  key: 16,
  versions: [0, 4],
  flexibleFrom: 3,
  request: {
    statesFilter: since(4, array(string)),
  },
  response: {
    throttleTimeMs: since(1, int32),
    errorCode: int16,
    groups: array({ groupId: string, protocolType: string, groupState: since(4, string) }),
  },
})
