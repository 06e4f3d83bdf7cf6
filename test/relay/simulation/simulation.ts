import type { PingEvent } from '../../../src/events/event.ts'
import type { RecordedBatch } from '../../../src/ledger/record.ts'
import { samePosition, START, type Position } from '../../../src/terms/position.ts'
import type { Fate } from '../../processor/simulation/steps.ts'
import { settled } from '../../processor/simulation/virtual-time.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { SimulatedPostgres } from './postgres.ts'
import { ROUNDS, SimulatedRelay } from './relay.ts'

const LANES = 3
const STEPS = 250
/** A failover that loses rows, or a hand that removes the last rows of a lane. */
export const WEATHERS = ['fair', 'failover', 'removal'] as const
export type Weather = (typeof WEATHERS)[number]
/** After the faults: each loop as often as it takes at most. */
const QUIET_ROUNDS = 40

/**
 * Recorders, relays and a topic, in an order and with faults that the seed draws: hand-overs that come late, twice, out of order or never;
 * sends and statements that fail or whose answer is lost; sessions that die, other sessions that hold the same lanes; and
 * what the weather brings. What is wrong, or undefined.
 */
export async function simulateRelay(seed: number, weather: Weather): Promise<string | undefined> {
  const random = seededRandom(seed)
  const postgres = new SimulatedPostgres(LANES, random)
  const topic: PingEvent[] = []
  const relays = [new SimulatedRelay(postgres, topic)]
  const handOvers: RecordedBatch[] = []
  const kafkaFails = random.pick([0, 0.1, 0.6])
  const postgresFails = random.pick([0, 0.01, 0.05])
  const fate = (fails: number): Fate => (random.next() < fails ? random.pick(['reply lost', 'request lost'] as const) : 'answered')
  const act: Readonly<Record<string, () => void>> = {
    record: () => handOvers.push(postgres.record(random.between(0, LANES), random.between(1, 6))),
    handOver: () => {
      if (handOvers.length === 0) return
      const batch = handOvers[random.next() < 0.9 ? 0 : random.between(0, handOvers.length)]!
      if (random.next() < 0.9) handOvers.splice(handOvers.indexOf(batch), 1)
      if (random.next() < 0.9) random.pick(relays).offer(batch)
    },
    round: () => random.pick(relays).begin(random.pick(ROUNDS)),
    statement: () => {
      const relay = random.pick(relays)
      if (relay.statements.waiting.length > 0) relay.statements.take(0, fate(postgresFails))
    },
    send: () => {
      const relay = random.pick(relays)
      if (relay.sends.waiting.length > 0) relay.sends.take(0, fate(kafkaFails))
    },
    session: () => {
      if (random.next() < 0.1) relays.push(new SimulatedRelay(postgres, topic))
    },
    weather: () => {
      if (weather === 'fair' || random.next() > 0.1) return
      if (weather === 'removal') return postgres.remove(random.between(0, LANES), random.between(1, 8))
      if (random.next() < 0.7) return postgres.keep()
      postgres.failOver()
      for (const relay of relays) relay.isDead = true
    },
  }
  const actions = [
    'record',
    'handOver',
    'handOver',
    'round',
    'round',
    'round',
    'statement',
    'statement',
    'statement',
    'statement',
    'send',
    'session',
    'weather',
  ] as const
  for (let step = 0; step < STEPS; step++) {
    act[random.pick(actions)]!()
    await settled()
    const fault = postgres.fault
    if (fault !== undefined) return `step ${step}: ${fault}`
  }
  return quiet(postgres, topic, relays, random)
}

/** Nothing fails any more, one session is left, mostly one that was there before, and all of what the others sent arrives. */
async function quiet(
  postgres: SimulatedPostgres,
  topic: PingEvent[],
  relays: readonly SimulatedRelay[],
  random: Random,
): Promise<string | undefined> {
  const alive = relays.filter(({ isDead }) => !isDead)
  const last = alive.length > 0 && random.next() < 0.8 ? random.pick(alive) : new SimulatedRelay(postgres, topic)
  for (const relay of relays) while (relay.sends.waiting.length > 0) relay.sends.take(0, 'answered')
  const runQuietRounds = async (): Promise<string | undefined> => {
    for (let round = 0; round < QUIET_ROUNDS; round++) {
      for (const each of ROUNDS) {
        last.begin(each)
        for (await settled(); !last.isAtRest; await settled()) {
          if (last.isDead) return 'a session ended though nothing failed'
          for (const steps of [last.statements, last.sends]) if (steps.waiting.length > 0) steps.take(0, 'answered')
        }
      }
    }
    return undefined
  }
  const ended = await runQuietRounds()
  if (ended !== undefined) return ended
  // Here several sessions have a lane's lock, unlike in Postgres. So another session may have moved a position that the last session read
  // before. If the lane has lost all rows since, the last session has nothing to move, and finds out with the lane's next row.
  const emptied =
    relays.length === 1
      ? []
      : postgres.lanes.flatMap(({ rows, published }, lane) => (rows.length === 0 && published.seq > 0n ? [lane] : []))
  for (const lane of emptied) postgres.record(lane, 1)
  const endedAgain = emptied.length === 0 ? undefined : await runQuietRounds()
  return endedAgain ?? postgres.fault ?? differences(postgres, topic)
}

/** Every row is in the topic, where a reader that follows tags gets to each head; the positions are at the heads. */
function differences(postgres: SimulatedPostgres, topic: readonly PingEvent[]): string | undefined {
  const inTopic = new Set(topic.map(({ lane, seq, tag, id }) => `${lane}/${seq}/${tag}/${id}`))
  for (const [lane, { rows, published, folded }] of postgres.lanes.entries()) {
    const head = rows.at(-1) ?? START
    const missing = rows.find(({ seq, tag, id }) => !inTopic.has(`${lane}/${seq}/${tag}/${id}`))
    if (missing) return `lane ${lane}: seq ${missing.seq} is not in the topic`
    if (!samePosition(published, head)) return `lane ${lane}: published ${published.seq}, the head is ${head.seq}`
    if (!samePosition(folded, head)) return `lane ${lane}: folded ${folded.seq}, the head is ${head.seq}`
    const links = new Map(topic.filter(event => event.lane === lane).map(({ seq, tag, previousTag }) => [`${seq}/${tag}`, previousTag]))
    const unlinked = rows.find(({ seq, tag }, index) => links.get(`${seq}/${tag}`) !== (rows[index - 1]?.tag ?? 0n))
    if (unlinked) return `lane ${lane}: seq ${unlinked.seq} is not linked to the ping before it`
    const end = followed(topic.filter(event => event.lane === lane && postgres.lanes[lane]!.rows[Number(event.seq) - 1]?.tag === event.tag))
    if (!samePosition(end, head)) return `lane ${lane}: a reader of the topic stops at ${end.seq}, the head is ${head.seq}`
  }
  return undefined
}

/** Where a reader ends that takes what goes on from its last position and drops all else, as the processor's buffer does. */
function followed(events: readonly PingEvent[]): Position {
  let end = START
  for (const { seq, tag, previousTag } of events) if (seq === end.seq + 1n && previousTag === end.tag) end = { seq, tag }
  return end
}
