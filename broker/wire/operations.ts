/** All operations, as bits: what clients get from a broker without an authorizer. */
export const TOPIC_OPERATIONS = 0xdf8
export const CLUSTER_OPERATIONS = 0x1fa0
/** Read, delete, describe, describe configs, alter configs. */
export const GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11)
const NOT_ASKED = -0x8000_0000

/** The value in a response. */
export function operations(isAsked: boolean, all: number): number {
  return isAsked ? all : NOT_ASKED
}
