/** Which servers a ping is addressed to: any one of them, all, or these. */
export type Addressees = 'one' | 'all' | readonly string[]

/** A reply of one server. */
export interface Answer {
  readonly from: string
  /** performance.now() when it was read. */
  readonly atMs: number
  /** How long the server held the ping: a duration of its own clock. */
  readonly heldMs: number
  /** How many times this server process has answered this ping, with this answer. */
  readonly attempt: number
  /** The server may have answered this ping before. */
  readonly redelivered: boolean
  /** The content is that of the ping. */
  readonly intact: boolean
}

/**
 * What became of a probe. It is `open` until its goal is reached: its answer with --pong, else its echo. `late`: the goal was reached
 * after it was given up as lost, or after it was refused.
 */
export type Fate = 'open' | 'inTime' | 'late' | 'lost' | 'refused'

/** A record that measures a round trip. All times are performance.now(), in ms. */
export interface Probe {
  readonly seq: number
  readonly partition: number
  readonly dueMs: number
  /** Node id of the partition's leader when it was due; undefined: none is known. */
  readonly leader: number | undefined
  /** The new leader, if the partition's leader changed before the probe was over. */
  movedTo: number | 'none' | undefined
  sentMs: number | undefined
  /** The producer's ack. */
  ackMs: number | undefined
  /** The own record was read back. */
  echoMs: number | undefined
  /** When the ping was sent once more, with the same correlation id. */
  askedAgainMs: number | undefined
  readonly answers: Answer[]
  fate: Fate
  /** Why there is no ack. */
  reason: string | undefined
  /** It was written, or answered, after a probe that was due later. */
  reordered: boolean
  /** Its content came back changed. */
  damaged: boolean
}

export function newProbe(seq: number, partition: number, dueMs: number, leader: number | undefined): Probe {
  return {
    seq,
    partition,
    dueMs,
    leader,
    movedTo: undefined,
    sentMs: undefined,
    ackMs: undefined,
    echoMs: undefined,
    askedAgainMs: undefined,
    answers: [],
    fate: 'open',
    reason: undefined,
    reordered: false,
    damaged: false,
  }
}

/** How far a probe that is open has got, or what became of it. */
export function stateOf(probe: Probe): 'due' | 'sent' | 'acked' | 'echoed' | 'answered' | 'late' | 'lost' | 'refused' {
  if (probe.fate === 'late' || probe.fate === 'lost' || probe.fate === 'refused') return probe.fate
  if (probe.answers.length > 0) return 'answered'
  if (probe.echoMs !== undefined) return 'echoed'
  if (probe.ackMs !== undefined) return 'acked'
  return probe.sentMs === undefined ? 'due' : 'sent'
}
