import { setImmediate } from 'node:timers/promises'
import {
  PageTokenError,
  type CommandDetail,
  type CommandView,
  type Page,
  type PageRequest,
  type ResourceDetail,
  type SemaphoreReads,
  type Totals,
} from '../../semaphore/terms/reads.ts'
import type { FinalState, Limits, Outcome, OutcomeOf, Step, Steps } from '../../semaphore/terms/step.ts'

type Stored = { -readonly [Name in keyof CommandDetail]: CommandDetail[Name] }

interface StoredResource {
  limits: Limits
  lastPlace: bigint
  lastToken: bigint
  readonly commands: Stored[]
}

const DEFAULTS: Limits = { running: 1, waiting: 3, leaseMs: 0, ageingMs: 60_000, rate: undefined }
const OVER: readonly string[] = ['finished', 'cancelled', 'expired']
const isOver = ({ state }: Stored): boolean => OVER.includes(state)
const holds = ({ state }: Stored): boolean => state === 'running' || state === 'cancelling'
const waits = ({ state }: Stored): boolean => state === 'waiting'

/** The contract of the store in memory, for tests of the ways in: first come, first served, without leases that end and without rates. */
export class MemorySemaphore implements Steps, SemaphoreReads {
  readonly steps: Step[] = []
  readonly #resources = new Map<string, StoredResource>()
  /** Looks at one resource. */
  looks = 0

  async run<S extends Step>(step: S): Promise<OutcomeOf[S['kind']]> {
    await setImmediate()
    this.steps.push(step)
    return this.#apply(step) as OutcomeOf[S['kind']]
  }

  async resource(id: string): Promise<ResourceDetail | undefined> {
    this.looks++
    await setImmediate()
    const found = this.#resources.get(id)
    return found && { ...view(id, found), holders: found.commands.filter(holds).map(shown) }
  }

  async resources({ after = '', limit }: PageRequest): Promise<Page<ResourceDetail>> {
    const ids = [...this.#resources.keys()].toSorted().filter(id => id > after)
    const items = ids.slice(0, limit).map(id => view(id, this.#resources.get(id)!) as ResourceDetail)
    return { items, next: ids.length > limit ? items.at(-1)!.resource : undefined }
  }

  async queue(id: string, { after = '0', limit }: PageRequest): Promise<Page<CommandView>> {
    if (!/^\d+$/.test(after)) throw new PageTokenError(`page token: got ${JSON.stringify(after)}, expected one that a page returned`)
    const waiting = (this.#resources.get(id)?.commands ?? []).filter(one => waits(one) && one.place > BigInt(after))
    const items = waiting.slice(0, limit).map(shown)
    return { items, next: waiting.length > limit ? String(items.at(-1)!.place) : undefined }
  }

  async command(commandId: string): Promise<CommandDetail | undefined> {
    const found = this.#find(commandId)
    if (found === undefined) return undefined
    const { commands } = this.#resources.get(found.resource)!
    return { ...found, ahead: waits(found) ? commands.filter(one => waits(one) && one.place < found.place).length : undefined }
  }

  async totals(): Promise<Totals> {
    throw new Error('not used by the ways in')
  }

  #find(commandId: string): Stored | undefined {
    return [...this.#resources.values()].flatMap(({ commands }) => commands).find(one => one.commandId === commandId)
  }

  #apply(step: Step): Outcome {
    switch (step.kind) {
      case 'submit':
        return this.#submit(step)
      case 'limits':
        return this.#setLimits(step)
      default:
        return this.#change(step)
    }
  }

  #at(id: string): StoredResource {
    let found = this.#resources.get(id)
    if (found === undefined) this.#resources.set(id, (found = { limits: DEFAULTS, lastPlace: 0n, lastToken: 0n, commands: [] }))
    return found
  }

  #submit({ resource: id, commandId, payload, priority = 0 }: Extract<Step, { kind: 'submit' }>): Outcome {
    const known = this.#find(commandId)
    if (known !== undefined) {
      if (known.resource !== id) return { outcome: 'conflict', differs: 'resource', resource: known.resource }
      if (known.payload && !known.payload.equals(payload)) return { outcome: 'conflict', differs: 'payload', resource: known.resource }
      return { outcome: 'repeated', place: known.place, state: known.state, token: known.token }
    }
    const resource = this.#at(id)
    const waiting = resource.commands.filter(waits).length
    const isFree = resource.commands.filter(holds).length < resource.limits.running && waiting === 0
    if (!isFree && waiting >= resource.limits.waiting) return { outcome: 'full', limit: resource.limits.waiting, waiting }
    const command: Stored = {
      commandId,
      resource: id,
      state: 'waiting',
      place: ++resource.lastPlace,
      priority,
      token: undefined,
      payload,
      payloadBytes: payload.length,
      submittedAtMs: Date.now(),
      grantedAtMs: undefined,
      leaseUntilMs: undefined,
      cancelRequestedAtMs: undefined,
      endedAtMs: undefined,
      ahead: undefined,
    }
    resource.commands.push(command)
    this.#grant(resource)
    return { outcome: 'accepted', place: command.place, token: command.token }
  }

  #grant(resource: StoredResource): void {
    const { limits, commands } = resource
    for (const command of commands.filter(waits)) {
      if (commands.filter(holds).length >= limits.running) return
      command.state = 'running'
      command.token = ++resource.lastToken
      command.grantedAtMs = Date.now()
      if (limits.leaseMs > 0) command.leaseUntilMs = Date.now() + limits.leaseMs
    }
  }

  #setLimits(step: Extract<Step, { kind: 'limits' }>): Outcome {
    const resource = this.#at(step.resource)
    const { running, waiting, leaseMs, ageingMs, rate } = step
    const changed = (given: number | null | undefined, now: number, fallback: number): number =>
      given === null ? fallback : (given ?? now)
    const { limits } = resource
    resource.limits = {
      running: changed(running, limits.running, DEFAULTS.running),
      waiting: changed(waiting, limits.waiting, DEFAULTS.waiting),
      leaseMs: changed(leaseMs, limits.leaseMs, DEFAULTS.leaseMs),
      ageingMs: changed(ageingMs, limits.ageingMs, DEFAULTS.ageingMs),
      rate: rate === undefined ? limits.rate : (rate ?? undefined),
    }
    this.#grant(resource)
    return { outcome: 'set', limits: resource.limits }
  }

  #change(step: Exclude<Step, { kind: 'submit' | 'limits' }>): Outcome {
    const command = this.#resources.get(step.resource)?.commands.find(one => one.commandId === step.commandId)
    if (command === undefined) return { outcome: 'unknown' }
    if (step.token !== undefined && step.token !== command.token) return { outcome: 'staleToken', token: command.token ?? 0n }
    if (isOver(command))
      return { outcome: 'already', state: command.state as FinalState, isRepeat: repeats(step, command), token: command.token }
    if (step.kind === 'cancel') return this.#cancel(command, step.when)
    if (waits(command)) return { outcome: 'notRunning', state: 'waiting' }
    if (step.kind === 'extend') return this.#extend(command)
    const state = command.state === 'cancelling' ? 'cancelled' : 'finished'
    this.#end(command, state)
    return { outcome: 'finished', state, token: command.token! }
  }

  #extend(command: Stored): Outcome {
    const { leaseMs } = this.#resources.get(command.resource)!.limits
    if (leaseMs === 0) return { outcome: 'noLease' }
    command.leaseUntilMs = Date.now() + leaseMs
    return { outcome: 'extended', leaseUntilMs: command.leaseUntilMs }
  }

  #cancel(command: Stored, when: 'now' | 'confirmed'): Outcome {
    if (!waits(command) && when === 'confirmed') {
      command.state = 'cancelling'
      command.cancelRequestedAtMs ??= Date.now()
      return { outcome: 'cancelled', state: 'cancelling', token: command.token }
    }
    this.#end(command, 'cancelled')
    return { outcome: 'cancelled', state: 'cancelled', token: command.token }
  }

  #end(command: Stored, state: FinalState): void {
    command.state = state
    command.endedAtMs = Date.now()
    command.payload = undefined
    command.leaseUntilMs = undefined
    this.#grant(this.#resources.get(command.resource)!)
  }
}

function repeats({ kind }: Step, { state, cancelRequestedAtMs }: Stored): boolean {
  if (kind === 'cancel') return state === 'cancelled'
  return kind === 'finish' && (state === 'finished' || (state === 'cancelled' && cancelRequestedAtMs !== undefined))
}

function view(id: string, { limits, lastPlace, lastToken, commands }: StoredResource) {
  return { resource: id, limits, running: commands.filter(holds).length, waiting: commands.filter(waits).length, lastPlace, lastToken }
}

function shown(command: Stored): CommandView {
  const { payload: _, ahead: __, ...rest } = command
  return rest
}
