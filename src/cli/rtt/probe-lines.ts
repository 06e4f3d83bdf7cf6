import { msText, secondsText } from './ms-text.ts'
import type { Outcome } from './probe-events.ts'
import type { Addressees, Answer, Probe } from './probe.ts'

/** What the lines of a run depend on. */
export interface LineOptions {
  readonly acks: boolean
  readonly to: Addressees | undefined
  readonly waitMs: number
}

/** The line of an outcome; undefined: it has none. */
export function lineOf(outcome: Outcome, options: LineOptions): string | undefined {
  switch (outcome.kind) {
    case 'done':
      return line(outcome.probe, [
        ...timings(outcome.probe),
        ...(outcome.isWhole ? [] : missingText(outcome.probe, options)),
        ...marks(outcome.probe),
      ])
    case 'answer':
      return line(outcome.probe, [
        ...sendTimings(outcome.probe),
        ...answerText(outcome.probe, outcome.answer),
        `from ${outcome.answer.from}`,
        ...marks(outcome.probe),
      ])
    case 'lost':
      return line(outcome.probe, [...timings(outcome.probe), lostText(outcome.probe, outcome.missing, options), ...marks(outcome.probe)])
    case 'late':
      return line(outcome.probe, [...timings(outcome.probe), ['late', ...verdict(outcome.probe)].join('; '), ...marks(outcome.probe)])
    case 'refused':
      return line(outcome.probe, [`refused: ${outcome.probe.reason}`, ...marks(outcome.probe)])
    case 'again':
      return line(outcome.probe, againText(outcome))
    case 'unanswered':
      return line(outcome.probe, [`never answered: there is no pong to the second ping either`])
    case 'forgotten':
      return `seq=${outcome.seq}  ${outcome.what} came after the probe was forgotten`
    case 'leaderMoved':
      return `leader of p${outcome.partition} moved ${brokerText(outcome.from)}->${brokerText(outcome.to)}`
    case 'unexpected':
      return `seq=${outcome.seq}  unexpected event (${outcome.name})`
    case 'ask':
    case 'confirm':
      return undefined
  }
}

function line(probe: Probe, parts: readonly string[]): string {
  return [placeText(probe), ...parts].join('  ').trimEnd()
}

/** `seq=1  p0@b1`. */
function placeText({ seq, partition, leader }: Probe): string {
  return `seq=${seq}`.padEnd(SEQ_WIDTH) + `  p${partition}@${brokerText(leader ?? 'none')}`
}

const SEQ_WIDTH = 'seq=1'.length
const TIME_WIDTH = 'echo 0.123'.length

export function brokerText(id: number | 'none'): string {
  return id === 'none' ? 'none' : `b${id}`
}

function timings(probe: Probe): readonly string[] {
  const [answer] = probe.answers
  return [...sendTimings(probe), ...(answer ? answerText(probe, answer) : [])]
}

function sendTimings(probe: Probe): readonly string[] {
  return [...timing('ack', probe.ackMs, probe), ...timing('echo', probe.echoMs, probe)]
}

function timing(name: string, atMs: number | undefined, { dueMs }: Probe): readonly string[] {
  return atMs === undefined ? [] : [`${name} ${msText(atMs - dueMs)}`.padEnd(TIME_WIDTH)]
}

function answerText(probe: Probe, { atMs, heldMs }: Answer): readonly string[] {
  return [...timing('pong', atMs, probe), `(server ${msText(heldMs)})`]
}

function marks({ reordered, damaged, movedTo, partition, leader }: Probe): readonly string[] {
  return [
    ...(reordered ? ['out of order'] : []),
    ...(damaged ? ['content changed'] : []),
    ...(movedTo === undefined ? [] : [`leader of p${partition} moved ${brokerText(leader ?? 'none')}->${brokerText(movedTo)}`]),
  ]
}

/** The goal was reached, but not all arrived. */
function missingText({ ackMs, echoMs, reason }: Probe, { acks, waitMs }: LineOptions): readonly string[] {
  const missing = [...(acks && ackMs === undefined ? ['ack'] : []), ...(echoMs === undefined ? ['echo'] : [])]
  return missing.length === 0 ? [] : [`no ${missing.join(' and no ')} in ${secondsText(waitMs)}${reasonText(reason)}`]
}

function lostText({ ackMs, echoMs, sentMs, reason }: Probe, missing: readonly string[], { acks, to, waitMs }: LineOptions): string {
  const within = `in ${secondsText(waitMs)}`
  if (sentMs === undefined) return `not sent ${within}${reasonText(reason)}`
  if (acks && ackMs === undefined && echoMs === undefined) return `no ack ${within}: may or may not be written${reasonText(reason)}`
  if (to === undefined) return `no echo ${within}: ${acks ? 'acknowledged, but not read back' : 'may or may not be written'}`
  if (to === 'one') return `no pong ${within}: asking again`
  return to === 'all' ? `no pong ${within}` : `no pong ${within} from ${missing.join(', ')}`
}

function reasonText(reason: string | undefined): string {
  return reason === undefined ? '' : ` (${reason})`
}

/** What the answer to a ping that was sent once more shows of the first one. */
function verdict({ askedAgainMs, answers: [answer], echoMs }: Probe): readonly string[] {
  if (askedAgainMs === undefined || answer === undefined) return []
  if (answer.attempt > 1) return ['a pong was sent before, but not received']
  if (answer.redelivered) return ['a pong may have been sent before, but was not received']
  return [echoMs === undefined ? 'the first ping was not read back' : 'not answered before the ping was sent again']
}

function againText({ probe, atMs, answer, isAsked }: Extract<Outcome, { readonly kind: 'again' }>): readonly string[] {
  if (!answer) return [...timing('echo', atMs, probe), 'again (duplicate of the record)']
  const what = isAsked ? 'the answer to the second ping' : 'duplicate of the answer'
  const marked = answer.redelivered ? ', marked by the server' : ''
  return [...timing('pong', atMs, probe), `again (${what}, attempt ${answer.attempt}${marked})`]
}
