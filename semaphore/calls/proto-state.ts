import { CommandState as ProtoState } from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import type { CommandState } from '../terms/step.ts'

const PROTO_STATE: Readonly<Record<CommandState, ProtoState>> = {
  waiting: ProtoState.WAITING,
  running: ProtoState.RUNNING,
  cancelling: ProtoState.CANCELLING,
  finished: ProtoState.FINISHED,
  cancelled: ProtoState.CANCELLED,
  expired: ProtoState.EXPIRED,
}

/** A state as the contract has it. */
export function protoState(state: CommandState): ProtoState {
  return PROTO_STATE[state]
}
