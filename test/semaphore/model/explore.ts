import { Promises } from './promise.ts'
import { keyOf, START, type State, type System } from './system.ts'

export interface Explored {
  /** Number of different states. */
  readonly states: number
  /** What is broken in the first state that breaks the promise; undefined: no state does. */
  readonly broken: string | undefined
  /** The shortest way to that state. */
  readonly path: readonly string[]
}

interface Visited {
  readonly state: State
  readonly from: Visited | undefined
  readonly action: string
}

/** Visits every state that can be reached, the nearest first, and checks each. */
export function explore(system: System): Explored {
  const promises = new Promises(system)
  const seen = new Set([keyOf(START)])
  let frontier: Visited[] = [{ state: START, from: undefined, action: 'start' }]
  while (frontier.length > 0) {
    const next: Visited[] = []
    for (const visited of frontier) {
      for (const { name, next: state } of system.actions(visited.state)) {
        const key = keyOf(state)
        if (seen.has(key)) continue
        seen.add(key)
        const here = { state, from: visited, action: name }
        const broken = promises.brokenIn(state)
        if (broken) return { states: seen.size, broken, path: pathTo(here) }
        next.push(here)
      }
    }
    frontier = next
  }
  return { states: seen.size, broken: undefined, path: [] }
}

function pathTo(visited: Visited): readonly string[] {
  return visited.from ? [...pathTo(visited.from), visited.action] : []
}
