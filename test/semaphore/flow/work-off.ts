import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { until } from '../../support/programs.ts'
import type { Flow, SeenRecord } from './flow-fixture.ts'

const RESOURCES = 3
/** A test that runs once more has resources and commands of its own. */
let runs = 0
const COMMANDS = 60
/** This command, and those after it, are requested only when the test goes on. */
export const HELD_FROM = 30

/**
 * Requests commands, and finishes each as soon as it is actionable, while `disturb` runs. Then each command must have been actionable
 * once, in its turn, and finished. `done` counts the commands that were actionable. Half of the commands are requested after `goOn`, so
 * that they cannot be done before the disturbance, however slow it comes.
 */
export async function workOff(
  flow: Flow,
  name: string,
  disturb: (work: { readonly done: () => number; readonly goOn: () => void }) => Promise<void>,
): Promise<void> {
  const prefix = `${name.split(' ')[0]} ${++runs}`
  const [from, ids] = [flow.actionable.length, Array.from({ length: COMMANDS }, (_, index) => `${prefix} ${100 + index}`)]
  const seen = () => flow.actionable.slice(from).filter(({ commandId }) => ids.includes(commandId))
  const over = new AbortController()
  const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>()
  const working = Promise.all([request(flow, prefix, ids, goesOn), finish(flow, seen, over.signal)])
  const all = () => new Set(seen().map(({ commandId }) => commandId)).size
  const ended = () => flow.outcomes.filter(({ commandId, headers }) => ids.includes(commandId) && headers['outcome'] === 'finished')
  try {
    await disturb({ done: all, goOn })
    await until('every command was actionable', () => all() === ids.length, 60_000)
    await until('every command is finished', () => new Set(ended().map(({ commandId }) => commandId)).size === ids.length, 60_000)
  } finally {
    over.abort()
  }
  await working
  expectTurns(seen(), ids)
}

async function request(flow: Flow, prefix: string, ids: readonly string[], goesOn: Promise<void>): Promise<void> {
  for (const [index, id] of ids.entries()) {
    if (index === HELD_FROM) await goesOn
    const send = () => flow.request(`${prefix} ${index % RESOURCES}`, id, { 'command-id': id })
    await until(`${id} is sent`, () =>
      send().then(
        () => true,
        () => false,
      ),
    )
    await delay(10)
  }
}

async function finish(flow: Flow, seen: () => readonly SeenRecord[], signal: AbortSignal): Promise<void> {
  for (let finished = 0; !signal.aborted; await delay(5)) {
    for (const { resource, commandId, token } of seen().slice(finished)) {
      await flow.event(resource, { 'command-id': commandId, token: token! })
      finished++
    }
  }
}

/** Of each resource: tokens without gaps, the commands in the order of their requests; repeats only of the same command and token. */
function expectTurns(records: readonly SeenRecord[], ids: readonly string[]): void {
  for (const [resource, ofResource] of Map.groupBy(records, record => record.resource)) {
    const turns = new Map(ofResource.map(({ commandId, token }) => [`${commandId}/${token}`, { commandId, token }]))
    const requested = ids.filter(id => ofResource.some(({ commandId }) => commandId === id))
    expect([...turns.values()], resource).toEqual(requested.map((commandId, index) => ({ commandId, token: String(index + 1) })))
  }
}
