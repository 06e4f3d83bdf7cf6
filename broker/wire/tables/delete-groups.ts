import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, int16, int32, string } from '../types.ts'

export const deleteGroups = defineApi({
  name: 'DeleteGroups',
  key: 42,
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    groupsNames: array(string),
  },
  response: {
    throttleTimeMs: since(0, int32),
    results: array({ groupId: string, errorCode: int16 }),
  },
})
