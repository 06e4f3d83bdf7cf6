import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { int16, int32, int64, nullable, string } from '../types.ts'

export const initProducerId = defineApi({
  name: 'InitProducerId',
  key: 22,
  versions: [0, 4],
  flexibleFrom: 2,
  request: {
    transactionalId: nullable(string),
    transactionTimeoutMs: int32,
    producerId: since(3, int64, { absent: -1n }),
    producerEpoch: since(3, int16, { absent: -1 }),
  },
  response: {
    throttleTimeMs: since(0, int32),
    errorCode: int16,
    producerId: int64,
    producerEpoch: int16,
  },
})
