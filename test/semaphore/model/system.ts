import type { Step } from '../../../semaphore/terms/step.ts'
import { cancel, finish, submit } from '../test-steps.ts'
import { EMPTY_WORLD, Model, type LogRow, type World } from './model.ts'
import type { PlantedBug } from './planted-bugs.ts'

/** The program around the model: a topic of requests, Postgres, the relay and the holders, of which each may stop at any time. */
export interface State {
  readonly world: World
  /** Offset of the next request: those before it are committed. */
  readonly offset: number
  /** For each row of the log: whether Kafka has it. */
  readonly sent: readonly boolean[]
  /** The published position. */
  readonly published: number
  /** Commands whose holders never say anything again. */
  readonly silent: readonly string[]
}

/** Something that can happen. */
export interface Action {
  readonly name: string
  readonly next: State
}

export const RESOURCE = 'r'
export const SLOTS = 2
/** Only these are cancelled by someone, or have holders that fall silent: more would be the same again, in more states. */
const CANCELLED = 'c'
const MAY_FALL_SILENT: readonly string[] = ['a']

export const START: State = { world: EMPTY_WORLD, offset: 0, sent: [], published: 0, silent: [] }

export class System {
  /** Ids of the commands that are requested, in order. */
  readonly requests: readonly string[]
  readonly #model: Model
  readonly #bug: PlantedBug | undefined

  constructor(commands: number, bug?: PlantedBug) {
    this.requests = ['a', 'b', 'c', 'd'].slice(0, commands)
    this.#bug = bug
    this.#model = new Model({ running: SLOTS, waiting: 10 }, bug)
  }

  /** Everything that can happen in a state, in whatever order the parts run, stop and start again. */
  actions(state: State): readonly Action[] {
    const steps = [...this.#requests(state), ...this.#holders(state), ...this.#strangers(state)]
    return [...steps, ...this.#relay(state), ...this.#leases(state)]
  }

  /** The state after this one if from now on no part stops. Undefined: there is nothing more to do, or what should be done has no effect. */
  progress(state: State): State | undefined {
    const next = this.#nextToDo(state)?.next
    return next && keyOf(next) !== keyOf(state) ? next : undefined
  }

  #apply(name: string, state: State, steps: readonly Step[], lapsed: readonly string[] = []): Action {
    const { world } = this.#model.apply(state.world, steps, lapsed)
    return { name, next: { ...state, world, sent: world.log.map((_, at) => state.sent[at] ?? false) } }
  }

  /** A record is applied, then its offset is committed; a crash in between delivers it again, and a rebalance delivers any of them again. */
  *#requests(state: State): Generator<Action> {
    const isEarly = this.#bug === 'the offset of a record is committed before its step'
    for (const [at, id] of this.requests.slice(0, state.offset + 1).entries()) {
      const step = submit(id, { resource: RESOURCE })
      const applied = this.#apply(`apply ${id}`, state, [step])
      if (at < state.offset) {
        if (!isEarly) yield applied
        continue
      }
      yield { name: `apply and commit ${id}`, next: { ...applied.next, offset: state.offset + 1 } }
      if (isEarly) yield { name: `commit ${id} and stop`, next: { ...state, offset: state.offset + 1 } }
      else yield { name: `apply ${id} and stop`, next: applied.next }
    }
  }

  /** A holder knows its command from the topic. It finishes it, also twice and late, alone or together with another, or falls silent. */
  *#holders(state: State): Generator<Action> {
    const holders = actionable(state).filter(({ id }) => !state.silent.includes(id))
    const end = ({ id, token }: LogRow) => finish(id, { resource: RESOURCE, token: token! })
    for (const [at, row] of holders.entries()) {
      yield this.#apply(`finish ${row.id}`, state, [end(row)])
      for (const other of holders.slice(at + 1)) {
        if (other.id !== row.id) yield this.#apply(`finish ${row.id} and ${other.id}`, state, [end(row), end(other)])
      }
      if (MAY_FALL_SILENT.includes(row.id))
        yield { name: `${row.id} falls silent`, next: { ...state, silent: [...state.silent, row.id].toSorted() } }
    }
  }

  /** Anyone may finish what waits, and cancel one command. */
  *#strangers(state: State): Generator<Action> {
    for (const { id, state: is } of state.world.commands) {
      if (is === 'waiting') yield this.#apply(`finish ${id}, which waits`, state, [finish(id, { resource: RESOURCE })])
    }
    yield this.#apply('cancel', state, [cancel(CANCELLED, { resource: RESOURCE })])
    yield this.#apply('cancel when confirmed', state, [cancel(CANCELLED, { resource: RESOURCE, when: 'confirmed' })])
  }

  /** The relay sends one row and then moves the position. A crash in between sends the row again, which changes nothing for readers. */
  *#relay(state: State): Generator<Action> {
    const { published, sent } = state
    if (this.#bug === 'the published position is moved before the row is sent') {
      if (published === sent.length) return
      const moved = { ...state, published: published + 1 }
      yield { name: 'move and stop', next: moved }
      yield { name: 'move', next: { ...moved, sent: sent.with(published, true) } }
      return
    }
    if (sent[published] === false) yield { name: 'send', next: { ...state, sent: sent.with(published, true) } }
    if (sent[published]) yield { name: 'move', next: { ...state, published: published + 1 } }
  }

  /** The lease of any holder may end, also of one that is only slow. */
  *#leases(state: State): Generator<Action> {
    for (const { id, state: is } of state.world.commands) {
      if (is === 'running' || is === 'cancelling') yield this.#apply(`the lease of ${id} ends`, state, [], [id])
    }
  }

  #nextToDo(state: State): Action | undefined {
    const { offset, published, sent, silent, world } = state
    if (offset < this.requests.length) return [...this.#requests(state)].find(({ name }) => name.startsWith('apply and commit'))
    if (published < sent.length) {
      const relay = [...this.#relay(state)]
      return relay.find(({ name }) => name === 'send' && !sent[published]) ?? relay.find(({ name }) => name === 'move')
    }
    const held = world.commands.find(({ state: is }) => is === 'running' || is === 'cancelling')
    if (!held) return undefined
    const ended = silent.includes(held.id) ? [...this.#leases(state)] : [...this.#holders(state)]
    return ended.find(({ name }) => name === `finish ${held.id}` || name === `the lease of ${held.id} ends`)
  }
}

/**
 * The same for two states from which the same can happen and be broken. Of the rows that are published, only these matter: which
 * commands are out, and which was granted last with which token.
 */
export function keyOf({ world, offset, sent, published, silent }: State): string {
  const commands = world.commands.map(({ id, state, place, token }) => `${id}${place}${state}${token}`).toSorted()
  const { places, grants, drops } = world.resources[RESOURCE] ?? { places: 0n, grants: 0n, drops: 0n }
  const out = new Set<string>()
  let last = ''
  for (const { kind, id, token } of world.log.slice(0, published)) {
    if (kind === 'actionable') last = `${id}${token}`
    if (kind === 'actionable') out.add(id)
    else if (kind !== 'cancelling') out.delete(id)
  }
  const rest = world.log.slice(published).map(({ kind, id, token }, at) => `${kind}${id}${token}${sent[published + at]}`)
  return [commands, places - grants - drops, offset, [...out], last, rest, sent.slice(0, published).includes(false), silent].join('|')
}

/** The rows of commands to run that Kafka has. */
function actionable({ world, sent }: State): readonly LogRow[] {
  return world.log.filter((row, at) => row.kind === 'actionable' && sent[at])
}
