import type {
  Cancel,
  CancelOutcome,
  CommandState,
  ExtendOutcome,
  Extend,
  FinalState,
  Finish,
  FinishOutcome,
  Outcome,
  SetLimits,
  Step,
  Submit,
  SubmitOutcome,
} from '../../../semaphore/terms/step.ts'
import type { PlantedBug } from './planted-bugs.ts'

/**
 * The semaphore as a pure function, without Postgres: a batch is applied to a world and gives another world. Random histories show
 * that the SQL functions do the same; the exploration shows that the model keeps the promise.
 */
export interface World {
  readonly resources: Readonly<Record<string, ModelResource>>
  /** All commands ever accepted, in no particular order. */
  readonly commands: readonly ModelCommand[]
  /** What is published, in order. */
  readonly log: readonly LogRow[]
}

export interface ModelResource {
  readonly running: number
  readonly waiting: number
  readonly hasLease: boolean
  readonly places: bigint
  readonly grants: bigint
  readonly drops: bigint
}

export interface ModelCommand {
  readonly id: string
  readonly resource: string
  readonly place: bigint
  readonly priority: number
  readonly payload: string
  readonly state: CommandState
  readonly token: bigint | undefined
  /** Its cancellation waited for its holder. */
  readonly wasCancelling?: boolean
}

export interface LogRow {
  readonly kind: 'actionable' | 'cancelling' | 'finished' | 'cancelled' | 'expired' | 'refusedFull' | 'refusedConflict'
  readonly resource: string
  readonly id: string
  readonly token: bigint | undefined
}

export interface ModelDefaults {
  readonly running: number
  readonly waiting: number
}

export const EMPTY_WORLD: World = { resources: {}, commands: [], log: [] }

export interface Applied {
  readonly world: World
  readonly outcomes: readonly Outcome[]
}

/** Applies a batch: leases that have ended, then ends, submits and limits, and at last grants. No two steps are for one command. */
export class Model {
  readonly #defaults: ModelDefaults
  readonly #bug: PlantedBug | undefined
  #resources!: Record<string, ModelResource>
  #commands!: Map<string, ModelCommand>
  #log!: LogRow[]
  /** Slots that a planted bug believes to be free. */
  #imagined = 0

  constructor(defaults: ModelDefaults, bug?: PlantedBug) {
    this.#defaults = defaults
    this.#bug = bug
  }

  /** @param lapsed ids of commands whose leases have ended, in that order */
  apply(world: World, steps: readonly Step[], lapsed: readonly string[] = []): Applied {
    this.#resources = { ...world.resources }
    this.#commands = new Map(world.commands.map(command => [`${command.id} ${command.place}`, command]))
    this.#log = [...world.log]
    this.#imagined = 0
    for (const id of lapsed) this.#expire(id)
    const outcomes: Outcome[] = []
    const each = (kinds: readonly Step['kind'][]) => {
      for (const [index, step] of steps.entries()) if (kinds.includes(step.kind)) outcomes[index] = this.#take(step)
    }
    each(['finish', 'extend', 'cancel'])
    each(['submit'])
    each(['limits'])
    const touched = new Set([...steps.map(({ resource }) => resource), ...lapsed.map(id => this.#find(id)!.resource)])
    for (const resource of touched) this.#grant(resource)
    const next = { resources: this.#resources, commands: [...this.#commands.values()], log: this.#log }
    return { world: next, outcomes: outcomes.map((outcome, index) => this.#withToken(steps[index]!, outcome)) }
  }

  /** A submit is answered after the grants of its batch. */
  #withToken(step: Step, outcome: Outcome): Outcome {
    if (step.kind !== 'submit' || !('place' in outcome)) return outcome
    const token = this.#find(step.commandId)?.token
    return outcome.outcome === 'repeated' && outcome.state === 'waiting' && token !== undefined
      ? { ...outcome, state: 'running', token }
      : { ...outcome, token }
  }

  #take(step: Step): Outcome {
    switch (step.kind) {
      case 'submit':
        return this.#submit(step)
      case 'finish':
        return this.#finish(step)
      case 'extend':
        return this.#extend(step)
      case 'cancel':
        return this.#cancel(step)
      case 'limits':
        return this.#setLimits(step)
    }
  }

  #find(id: string): ModelCommand | undefined {
    return this.#commands.values().find(command => command.id === id)
  }

  #change(command: ModelCommand, state: CommandState, token = command.token): void {
    const wasCancelling = command.wasCancelling === true || state === 'cancelling'
    this.#commands.set(`${command.id} ${command.place}`, { ...command, state, token, wasCancelling })
  }

  #tell(kind: LogRow['kind'], { id, resource, token }: Pick<ModelCommand, 'id' | 'resource' | 'token'>): void {
    this.#log.push({ kind, resource, id, token })
  }

  #resource(resource: string): ModelResource {
    const { running, waiting } = this.#defaults
    return (this.#resources[resource] ??= { running, waiting, hasLease: false, places: 0n, grants: 0n, drops: 0n })
  }

  #of(resource: string, ...states: readonly CommandState[]): readonly ModelCommand[] {
    return [...this.#commands.values()].filter(command => command.resource === resource && states.includes(command.state))
  }

  #end(command: ModelCommand, state: FinalState): void {
    this.#change(command, state)
    this.#tell(state, command)
  }

  #expire(id: string): void {
    const command = this.#find(id)
    if (this.#bug === 'a lease that ends frees nothing') return
    if (command?.state === 'running') this.#end(command, 'expired')
    if (command?.state === 'cancelling') this.#end(command, 'cancelled')
  }

  /** Why a step cannot end or extend a command; undefined if it can. */
  #refusal(step: Finish | Extend | Cancel): Exclude<FinishOutcome, { outcome: 'finished' }> | undefined {
    const command = this.#find(step.commandId)
    if (!command || command.resource !== step.resource) return { outcome: 'unknown' }
    const { state, token } = command
    if (state === 'finished' || state === 'cancelled' || state === 'expired')
      return { outcome: 'already', state, isRepeat: repeats(step, command), token }
    if (state === 'waiting') return step.kind === 'cancel' ? undefined : { outcome: 'notRunning', state }
    return step.token !== undefined && step.token !== token ? { outcome: 'staleToken', token: token! } : undefined
  }

  #finish(step: Finish): FinishOutcome {
    const refusal = this.#refusal(step)
    if (refusal) {
      if (this.#bug === 'finishing a waiting command frees a slot' && refusal.outcome === 'notRunning') this.#imagined++
      if (this.#bug === 'a late finish frees the slot of another command' && refusal.outcome === 'already') this.#imagined++
      return refusal
    }
    const command = this.#find(step.commandId)!
    const state = command.state === 'cancelling' ? 'cancelled' : 'finished'
    this.#end(command, state)
    return { outcome: 'finished', state, token: command.token! }
  }

  #extend(step: Extend): ExtendOutcome {
    const refusal = this.#refusal(step)
    if (refusal) return refusal
    return this.#resource(step.resource).hasLease ? { outcome: 'extended', leaseUntilMs: 0 } : { outcome: 'noLease' }
  }

  #cancel(step: Cancel): CancelOutcome {
    const refusal = this.#refusal(step)
    if (refusal) return refusal as CancelOutcome
    const command = this.#find(step.commandId)!
    const { token } = command
    if (command.state !== 'waiting' && step.when === 'confirmed') {
      if (command.state === 'running') this.#tell('cancelling', command)
      this.#change(command, 'cancelling')
      return { outcome: 'cancelled', state: 'cancelling', token }
    }
    if (command.state === 'waiting' && this.#bug !== 'a cancelled command stays in the number of waiting ones') {
      const resource = this.#resource(step.resource)
      this.#resources[step.resource] = { ...resource, drops: resource.drops + 1n }
    }
    this.#end(command, 'cancelled')
    return { outcome: 'cancelled', state: 'cancelled', token }
  }

  #submit(step: Submit): SubmitOutcome {
    const { resource: name, commandId: id, priority = 0, announceRefusal } = step
    const payload = step.payload.toString('latin1')
    const resource = this.#resource(name)
    const known = this.#bug === 'a redelivered command gets a second place' ? undefined : this.#find(id)
    const refuse = (kind: 'refusedFull' | 'refusedConflict') => {
      if (announceRefusal) this.#tell(kind, { id, resource: name, token: undefined })
    }
    if (known && (known.resource !== name || known.payload !== payload)) {
      refuse('refusedConflict')
      return { outcome: 'conflict', differs: known.resource === name ? 'payload' : 'resource', resource: known.resource }
    }
    if (known) return { outcome: 'repeated', place: known.place, state: known.state, token: known.token }
    const waiting = this.#of(name, 'waiting').length
    const free = Math.max(0, resource.running - this.#of(name, 'running', 'cancelling').length)
    if (waiting >= resource.waiting + free) {
      refuse('refusedFull')
      return { outcome: 'full', limit: resource.waiting, waiting }
    }
    const place = resource.places + 1n
    this.#resources[name] = { ...resource, places: place }
    const isLost = this.#bug === 'a command that has to wait is dropped' && waiting >= free
    if (!isLost) this.#commands.set(`${id} ${place}`, { id, resource: name, place, priority, payload, state: 'waiting', token: undefined })
    return { outcome: 'accepted', place, token: undefined }
  }

  #setLimits(step: SetLimits): Outcome {
    const old = this.#resource(step.resource)
    const pick = <T>(value: T | null | undefined, fallback: T, before: T) => (value === undefined ? before : (value ?? fallback))
    const running = pick(step.running, this.#defaults.running, old.running)
    const waiting = pick(step.waiting, this.#defaults.waiting, old.waiting)
    const hasLease = pick(step.leaseMs === undefined ? undefined : (step.leaseMs ?? 0) > 0, false, old.hasLease)
    this.#resources[step.resource] = { ...old, running, waiting, hasLease }
    return { outcome: 'set', limits: { running, waiting, leaseMs: 0, ageingMs: 0, rate: undefined } }
  }

  #grant(name: string): void {
    const resource = this.#resource(name)
    const running = this.#of(name, 'running', 'cancelling').length
    let free = resource.running - running + this.#imagined
    if (this.#bug === 'slots that are freed together are given on one at a time') free = Math.min(free, 1)
    const isLast = this.#bug === 'the last command comes first'
    const queue = this.#of(name, 'waiting').toSorted(
      (a, b) => b.priority - a.priority || Number(isLast ? b.place - a.place : a.place - b.place),
    )
    for (const command of queue.slice(0, Math.max(0, free))) {
      const { grants } = this.#resource(name)
      const token = this.#bug === 'a token is given again' ? BigInt(this.#of(name, 'running', 'cancelling').length + 1) : grants + 1n
      this.#resources[name] = { ...this.#resource(name), grants: grants + 1n }
      this.#change(command, 'running', token)
      this.#tell('actionable', { ...command, token })
    }
  }
}

function repeats({ kind }: Step, { state, wasCancelling }: ModelCommand): boolean {
  if (kind === 'cancel') return state === 'cancelled'
  return kind === 'finish' && (state === 'finished' || (state === 'cancelled' && wasCancelling === true))
}
