import { defineApi } from '../api.ts'
import { between, since } from '../schema.ts'
import { array, int16, int32, nullable, string, uuid } from '../types.ts'

export const deleteTopics = defineApi({
  name: 'DeleteTopics',
  key: 20,
  versions: [1, 6],
  flexibleFrom: 4,
  request: {
    topics: since(6, array({ name: nullable(string), topicId: uuid })),
    topicNames: between(0, 5, array(string)),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: since(1, int32),
    responses: array({
      name: nullable(string, { from: 6 }),
      topicId: since(6, uuid),
      errorCode: int16,
      errorMessage: since(5, nullable(string)),
    }),
  },
})
