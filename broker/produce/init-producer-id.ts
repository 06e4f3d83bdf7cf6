import { ERROR, ProtocolError } from '../errors.ts'
import type { Handler } from '../server/handler.ts'
import type { initProducerId } from '../wire/tables/init-producer-id.ts'
import type { ProducerIds } from './producer-ids.ts'

const NONE = { producerId: -1n, producerEpoch: -1 }

/** Every call returns a new id with epoch 0: only transactions keep their id, and those are not supported yet. */
export function initProducerIdHandler(ids: ProducerIds): Handler<typeof initProducerId> {
  return ({ transactionalId, producerId, producerEpoch }) => {
    const isHalf = (producerId === NONE.producerId) !== (producerEpoch === NONE.producerEpoch)
    if (isHalf || transactionalId === '') return { errorCode: ERROR.INVALID_REQUEST, ...NONE }
    if (transactionalId !== null) return { errorCode: ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, ...NONE }
    try {
      return { errorCode: ERROR.NONE, producerId: ids.next(), producerEpoch: 0 }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return { errorCode: error.code, ...NONE }
    }
  }
}
