/** What a partition's log is to do; asked for at every use, so that a change takes effect at once. */
export interface LogSettings {
  /** A segment file is not made larger. */
  readonly segmentBytes: number
  /** A segment takes records of so long a time. */
  readonly segmentMs: number
  /** So many bytes lie between two entries of a segment's index. */
  readonly indexIntervalBytes: number
  /** Segments whose last record is older are deleted; -1: none is. */
  readonly retentionMs: number
  /** The oldest segments are deleted while the others have so many bytes; -1: none is. */
  readonly retentionBytes: number
  /** The largest batch that is taken. */
  readonly maxMessageBytes: number
  /** Whether records keep the time that their producer gave them. */
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  /** How far the time of a record may lie before and behind that of the log, where producers give it; absent: as far as it likes. */
  readonly timestampBeforeMaxMs?: number
  readonly timestampAfterMaxMs?: number
  /** Records can be read only when they are on the disk, after `flush()`. */
  readonly flushEachAppend: boolean
  /** An idempotent producer that has been silent for so long is forgotten. */
  readonly producerIdExpirationMs: number
}
