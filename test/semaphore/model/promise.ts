import type { CommandState } from '../../../semaphore/terms/step.ts'
import type { LogRow } from './model.ts'
import { keyOf, RESOURCE, SLOTS, type State, type System } from './system.ts'

const FINAL: readonly CommandState[] = ['finished', 'cancelled', 'expired']

/** Says what is broken. Most of it is checked from the rows that are published alone. */
export class Promises {
  readonly #system: System
  /** Keys of states that come to an end if no part stops. */
  readonly #ending = new Set<string>()

  constructor(system: System) {
    this.#system = system
  }

  /** What is broken in a state, or in those that it leads to if no part stops; undefined: the promise holds. */
  brokenIn(state: State): string | undefined {
    const way: string[] = []
    for (let at: State | undefined = state; at; at = this.#system.progress(at)) {
      const key = keyOf(at)
      if (this.#ending.has(key)) break
      const broken = brokenIn(at) ?? (this.#system.progress(at) ? undefined : notOver(at, this.#system.requests))
      if (broken) return broken
      way.push(key)
    }
    for (const key of way) this.#ending.add(key)
    return undefined
  }
}

function brokenIn(state: State): string | undefined {
  const { log } = state.world
  return aboveTheLimit(log) ?? notOnce(log) ?? outOfOrder(log) ?? idleSlot(state) ?? wrongNumbers(state) ?? lostRow(state)
}

function notOver({ world, sent, published }: State, requests: readonly string[]): string | undefined {
  const isOver = requests.every(id => world.commands.some(command => command.id === id && FINAL.includes(command.state)))
  if (!isOver) return 'a command never comes to an end'
  return published === world.log.length && sent.every(Boolean) ? undefined : 'a row never comes to Kafka'
}

function aboveTheLimit(log: readonly LogRow[]): string | undefined {
  const out = new Set<string>()
  for (const { kind, id } of log) {
    if (kind === 'actionable') out.add(id)
    if (kind === 'finished' || kind === 'cancelled' || kind === 'expired') out.delete(id)
    if (out.size > SLOTS) return 'more commands are out than there are slots'
  }
  return undefined
}

function notOnce(log: readonly LogRow[]): string | undefined {
  const granted = log.filter(({ kind }) => kind === 'actionable')
  if (new Set(granted.map(({ id }) => id)).size < granted.length) return 'a command is granted twice'
  const rises = granted.every(({ token }, at) => at === 0 || token! > granted[at - 1]!.token!)
  return rises ? undefined : 'a token does not grow'
}

/** The requests are in the order of their ids. */
function outOfOrder(log: readonly LogRow[]): string | undefined {
  const ids = log.filter(({ kind }) => kind === 'actionable').map(({ id }) => id)
  return ids.every((id, at) => at === 0 || id > ids[at - 1]!) ? undefined : 'a command is granted out of turn'
}

function idleSlot({ world }: State): string | undefined {
  const held = world.commands.filter(({ state }) => state === 'running' || state === 'cancelling').length
  const waits = world.commands.some(({ state }) => state === 'waiting')
  return held < SLOTS && waits ? 'a slot is free while a command waits' : undefined
}

function wrongNumbers({ world }: State): string | undefined {
  const resource = world.resources[RESOURCE]
  if (!resource) return undefined
  const waiting = BigInt(world.commands.filter(({ state }) => state === 'waiting').length)
  return resource.places - resource.grants - resource.drops === waiting ? undefined : 'the number of waiting commands is wrong'
}

function lostRow({ sent, published }: State): string | undefined {
  const isGap = sent.some((isSent, at) => isSent && sent.slice(0, at).includes(false))
  return isGap ? 'a row is missing before one that was sent' : published > sent.length ? 'a position is beyond the log' : undefined
}
