import { ERROR, ProtocolError } from '../errors.ts'
import { LEADER_EPOCH } from '../log/partition-log.ts'

const NOT_GIVEN = -1

/** Throws if a client assumes an older or a newer leader epoch; -1 means that it does not know the epoch. */
export function checkLeaderEpoch(epoch: number): void {
  if (epoch === NOT_GIVEN || epoch === LEADER_EPOCH) return
  const code = epoch < LEADER_EPOCH ? ERROR.FENCED_LEADER_EPOCH : ERROR.UNKNOWN_LEADER_EPOCH
  throw new ProtocolError(code, `leader epoch: got ${epoch}, expected ${LEADER_EPOCH}`)
}

/** Throws if a consumer claims to have read records of an epoch that never existed. */
export function checkFetchedEpoch(epoch: number): void {
  if (epoch > LEADER_EPOCH)
    throw new ProtocolError(ERROR.OFFSET_OUT_OF_RANGE, `epoch of the last record: got ${epoch}, expected at most ${LEADER_EPOCH}`)
}
