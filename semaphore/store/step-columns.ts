import { createHash } from 'node:crypto'
import { byteaArray, textArray, uuidBytesArray } from '../../src/postgres/binary-array.ts'
import type { Cancel, Extend, Finish, SetLimits, Step, Submit } from '../terms/step.ts'
import { laneOf } from './lanes.ts'

/** The limits of resources that have none of their own. */
export interface LimitDefaults {
  readonly running: number
  readonly waiting: number
  /** 0: no lease. */
  readonly leaseMs: number
  readonly ageingMs: number
}

/** What a batch does besides its steps. */
export interface BatchContext {
  readonly laneCount: number
  readonly defaults: LimitDefaults
  /** How long after its end a lease expires, in ms. */
  readonly graceMs: number
  /** Lanes in which leases may have ended and grants may be due. */
  readonly lanes: readonly number[]
  /** Resources that may have free slots, as after a change of the defaults. */
  readonly touched: readonly string[]
}

/** The steps of a batch by kind, each with its index in the batch. */
export interface SortedSteps {
  readonly ends: readonly (readonly [step: Finish | Extend | Cancel, index: number])[]
  readonly submits: readonly (readonly [step: Submit, index: number])[]
  readonly changes: readonly (readonly [step: SetLimits, index: number])[]
}

export function sortSteps(steps: readonly Step[]): SortedSteps {
  const sorted = { ends: [], submits: [], changes: [] } as {
    readonly [K in keyof SortedSteps]: SortedSteps[K][number][]
  }
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'submit') sorted.submits.push([step, index])
    else if (step.kind === 'limits') sorted.changes.push([step, index])
    else sorted.ends.push([step, index])
  }
  return sorted
}

/** The values for `take_steps`, in the order of its parameters. */
export function toColumns({ ends, submits, changes }: SortedSteps, context: BatchContext): readonly unknown[] {
  const { laneCount, defaults, graceMs } = context
  const resources = [ends, submits, changes].flatMap(sorted => sorted.map(([{ resource }]) => resource))
  const lanesOfAll = [...resources, ...context.touched].map(resource => laneOf(resource, laneCount))
  const lanes = [...new Set([...context.lanes, ...lanesOfAll])].toSorted((a, b) => a - b)
  return [
    numbers(lanes),
    numbers([defaults.running, defaults.waiting, defaults.leaseMs, defaults.ageingMs]),
    graceMs,
    numbers(ends.map(([step]) => kindOf(step))),
    textArray(ends.map(([step]) => step.resource)),
    textArray(ends.map(([step]) => step.commandId)),
    numbers(ends.map(([step]) => step.token ?? 0n)),
    numbers(submits.map(([step]) => laneOf(step.resource, laneCount))),
    textArray(submits.map(([step]) => step.resource)),
    textArray(submits.map(([step]) => step.commandId)),
    numbers(submits.map(([step]) => step.priority ?? 0)),
    uuidBytesArray(submits.map(([step]) => digestOf(step.payload))),
    `{${submits.map(([step]) => step.announceRefusal === true).join()}}`,
    byteaArray(submits.map(([step]) => step.payload)),
    changes.length === 0 ? null : JSON.stringify(changes.map(([step]) => changeOf(step, laneCount))),
    textArray([...context.touched, ...changes.map(([{ resource }]) => resource)]),
  ]
}

function numbers(values: readonly (number | bigint)[]): string {
  return `{${values.join()}}`
}

/** As in end_commands. */
function kindOf(step: Finish | Extend | Cancel): number {
  if (step.kind === 'finish') return 1
  if (step.kind === 'extend') return 2
  return step.when === 'now' ? 3 : 4
}

/** Distinguishes payloads. 16 bytes, as a UUID. */
function digestOf(payload: Buffer): Buffer {
  return createHash('sha256').update(payload).digest().subarray(0, 16)
}

/** As in set_limits. JSON leaves out what is undefined. */
function changeOf({ resource, running, waiting, leaseMs, ageingMs, rate }: SetLimits, laneCount: number): object {
  const rates = rate === undefined ? {} : { rateCount: rate?.count ?? null, rateWindowMs: rate?.windowMs ?? null }
  return { resource, lane: laneOf(resource, laneCount), running, waiting, leaseMs, ageingMs, ...rates }
}
