/** Kafka's record batch, version 2: the offsets of its fields, and of its first record. */
export const LENGTH_AT = 8
export const MAGIC_AT = 16
export const ATTRIBUTES_AT = 21
export const LAST_DELTA_AT = 23
export const FIRST_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const COUNT_AT = 57
export const RECORDS_AT = 61

/** Bits of the attributes: the codec; the timestamp is that of the append; part of a transaction; control batch. */
export const CODEC = 0x07
export const HAS_APPEND_TIME = 0x08
export const IS_TRANSACTIONAL = 0x10
export const IS_CONTROL = 0x20
