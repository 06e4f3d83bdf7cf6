import { expect, test } from 'vitest'
import { NEW_MEMBER_JOIN_TIMEOUT_MS } from '../../../broker/groups/rebalance.ts'
import { atDepth } from '../../support/depth.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { checkState, GenerationRules } from './group-rules.ts'
import { GROUP, GroupUnderTest } from './group-under-test.ts'
import { SimulatedClient, type Journal } from './simulated-client.ts'

const SEEDS = atDepth({ normally: 300, thoroughly: 1_000 })
const STEPS = 120
const CLIENTS = 5
/** More than the maximum session timeout and rebalance timeout of a simulated client. */
const QUIET_MS = 200_000

class Simulation {
  readonly group: GroupUnderTest
  readonly clients: SimulatedClient[]
  readonly #journal: Journal = { joins: [], syncs: [] }
  readonly #rules = new GenerationRules()
  readonly #random: Random

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.group = new GroupUnderTest({ initialRebalanceDelayMs: this.#random.pick([0, 3_000]) })
    this.clients = Array.from(
      { length: CLIENTS },
      (_, index) => new SimulatedClient(this.group, this.#journal, this.#random, this.#random.next() < 0.4 ? `instance-${index}` : null),
    )
  }

  misbehave(): void {
    for (let step = 0; step < STEPS; step++) {
      this.#act(this.#random.pick(this.clients))
      this.#check()
      if (this.#random.next() < 0.5) this.#turn(this.#random.between(0, this.#random.pick([10, 3_000, 20_000])))
    }
  }

  #act(client: SimulatedClient): void {
    const dice = this.#random.between(0, 100)
    if (dice < 3) client.restart()
    else if (dice < 6) client.isAlive = !client.isAlive
    else if (dice < 9) client.leave()
    else if (dice < 12) client.drop()
    else if (dice < 15) client.changeSubscription()
    else if (dice < 18 && client.isMember) client.join()
    else if (client.isAlive) this.#live(client)
  }

  #live(client: SimulatedClient): void {
    if (client.hasAnswer) client.proceed()
    else if (client.isWaiting) return
    else if (client.isMember) client.heartbeat()
    else client.join()
  }

  /** All clients behave correctly and often enough to keep their sessions. */
  settle(): void {
    for (const client of this.clients) client.isAlive = true
    for (let waitedMs = 0; waitedMs < QUIET_MS; waitedMs += 1_000) {
      for (const client of this.clients) this.#live(client)
      this.#check()
      this.#turn(1_000)
    }
  }

  die(): void {
    for (const client of this.clients) client.isAlive = false
    this.#turn(NEW_MEMBER_JOIN_TIMEOUT_MS + 2 * QUIET_MS)
  }

  #turn(ms: number): void {
    this.group.clock.advance(ms)
    this.#check()
  }

  #check(): void {
    checkState(this.group)
    this.#rules.check(this.#journal)
  }
}

test(`no matter what clients do, a group keeps its rules, becomes stable when they behave and is empty when they have left (${SEEDS} seeds)`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const simulation = new Simulation(seed)
    try {
      simulation.misbehave()
      simulation.settle()
      const { group, clients } = simulation
      expect(group.state).toBe('Stable')
      expect(clients.every(client => client.isMember)).toBe(true)
      expect(new Set(clients.map(({ memberId }) => memberId))).toEqual(new Set(group.coordinator.get(GROUP)?.members.keys()))
      simulation.die()
      expect(group.state).toBe('Empty')
      expect(clients.some(client => client.isWaiting && !client.hasAnswer)).toBe(false)
      expect(group.clock.timerCount).toBe(0)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
