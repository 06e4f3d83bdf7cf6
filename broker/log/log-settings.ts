/** The settings of a partition's log. They are read at every use, so a change takes effect at once. */
export interface LogSettings {
  /** The maximum size of a segment file. */
  readonly segmentBytes: number
  /** The maximum time between the first and the last record of a segment. */
  readonly segmentMs: number
  /** The bytes between two entries of a segment's index. */
  readonly indexIntervalBytes: number
  /** Segments whose last record is older are deleted; -1: no limit. */
  readonly retentionMs: number
  /** The oldest segments are deleted as long as the others hold this many bytes; -1: no limit. */
  readonly retentionBytes: number
  /** The maximum size of a batch. */
  readonly maxMessageBytes: number
  /** CreateTime: records keep the time that their producer gave them. LogAppendTime: they get the time of appending. */
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  /** How far a producer's time may be before and after the broker's clock; absent: no limit. */
  readonly timestampBeforeMaxMs?: number
  readonly timestampAfterMaxMs?: number
  /** Records can be read only after `flush()` has written them to disk. */
  readonly flushEachAppend: boolean
  /** An idempotent producer that has been silent for this long is forgotten. */
  readonly producerIdExpirationMs: number
}
