/** The fields of ping.v1.PingEvent as protobuf writes them: number and wire type in one byte. */
export const TIMESTAMP_MS = 0x08
export const PING_ID = 0x12
export const LANE = 0x18
export const SEQ = 0x20
export const TAG = 0x29
export const PREVIOUS_TAG = 0x31

/** Size of a tag. */
export const FIXED64_SIZE = 8
