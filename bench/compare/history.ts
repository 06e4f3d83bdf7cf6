import { wait } from '../../src/runtime/wait.ts'
import type { BrokerPart } from '../parts/parts.ts'
import { sendPing, type PingOptions } from './client.ts'
import type { Side } from './side.ts'
import { untilDone } from './until-done.ts'

/** One thing that happens to both systems. */
export interface Step {
  readonly title: string
  /** It kills a program or stops Kafka: `--quick` skips it. */
  readonly isOutage?: true
  /** Plays it. Returns the number of pings that the clients meant: each was acknowledged in the end. */
  play(sides: readonly Side[]): Promise<number>
}

const PINGS = 300
const LOST_ANSWERS = 60
const LATE_PINGS = 100
/** Clients that send at a time. */
const CLIENTS = 8
/** How long the broker is unreachable. */
const OUTAGE_MS = 4_000
/** During the outage clients send a ping again after this time without an answer. */
const OUTAGE_PATIENCE_MS = 1_500
/** Into a step's pings, before the kill. */
const KILL_AFTER_MS = 60
export const DAY_MS = 86_400_000

/** The history, in order. `yesterdayMs`: the start of the day that late pings are from. `isQuick`: without kills and the outage of Kafka. */
export function history(kafka: BrokerPart, yesterdayMs: number, isQuick: boolean): readonly Step[] {
  return wholeHistory(kafka, yesterdayMs).filter(({ isOutage }) => !isQuick || !isOutage)
}

function wholeHistory(kafka: BrokerPart, yesterdayMs: number): readonly Step[] {
  const normal = (sides: readonly Side[]): Promise<number> => both(sides, side => send(side, PINGS))
  return [
    { title: 'pings, and nothing fails', play: normal },
    {
      title: `the answers to ${LOST_ANSWERS} pings are lost`,
      play: sides => both(sides, side => send(side, LOST_ANSWERS, { losesAnswer: true })),
    },
    { title: 'the server is killed under load', isOutage: true, play: sides => both(sides, withServerKilled) },
    {
      title: `Kafka is unreachable for ${OUTAGE_MS / 1_000} s`,
      isOutage: true,
      async play(sides) {
        let sending = Promise.resolve(0)
        await kafka.outage(async () => {
          sending = both(sides, side => send(side, PINGS, { patienceMs: OUTAGE_PATIENCE_MS }))
          sending.catch(() => undefined) // awaited below
          await wait(OUTAGE_MS)
        })
        return sending
      },
    },
    { title: 'the program that counts is killed at work', isOutage: true, play: sides => both(sides, withCounterKilled) },
    {
      title: 'the cache loses everything',
      async play(sides) {
        await Promise.all(sides.map(side => side.loseCache()))
        return 0
      },
    },
    {
      title: `${LATE_PINGS} pings of yesterday arrive`,
      play: sides => both(sides, side => send(side, LATE_PINGS, { timestampMs: yesterdayMs + DAY_MS / 2 })),
    },
  ]
}

/** Yesterday's count at the end, where every late ping is. */
export function yesterdayCounts(sides: readonly Side[], yesterdayMs: number): Promise<readonly number[]> {
  return Promise.all(sides.map(side => side.range(yesterdayMs, yesterdayMs + DAY_MS)))
}

export const EXPECTED_YESTERDAY = LATE_PINGS

/** Plays the same on both sides at the same time. Returns what one side's clients meant. */
async function both(sides: readonly Side[], play: (side: Side) => Promise<number>): Promise<number> {
  const [meant = 0] = await Promise.all(sides.map(play))
  return meant
}

async function withServerKilled(side: Side): Promise<number> {
  const sending = send(side, PINGS)
  sending.catch(() => undefined) // awaited below
  await wait(KILL_AFTER_MS)
  await side.killServer()
  return sending
}

/** What was sent while it was down is read at once; it is killed again as soon as half of it is counted. */
async function withCounterKilled(side: Side): Promise<number> {
  const before = await side.inCache()
  await side.counterOutage(async () => void (await send(side, PINGS)))
  await untilDone(
    () => side.inCache(),
    cached => cached >= before + PINGS / 2,
    0,
  )
  await side.counterOutage(async () => undefined)
  return PINGS
}

/** Sends `pings` pings, a few at a time. Resolves when each is acknowledged. */
async function send(side: Side, pings: number, options: PingOptions = {}): Promise<number> {
  let left = pings
  const client = async (): Promise<void> => {
    while (left-- > 0) await sendPing(() => side.port(), options)
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return pings
}
