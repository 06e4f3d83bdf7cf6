/** Something whose every course can be tried: the same moves lead to the same state. */
export interface Explorable {
  /** What may happen next, if all goes well. None: nothing happens any more. */
  moves(): readonly string[]
  /** What may go wrong next. */
  faults(): readonly string[]
  /** Throws if a promise is broken by it. */
  apply(move: string): void
  /** Equal for two states that cannot be distinguished from here on. */
  key(): string
  /** Throws if a promise is broken when nothing happens any more. It may change the state. */
  checkEnd(): void
}

export interface Explored {
  readonly states: number
  readonly ends: number
}

/** Tries every order of moves and faults. An error says which of them led to it. */
export function explore(create: () => Explorable): Explored {
  const seen = new Set<string>()
  const branches: (readonly string[])[] = [[]]
  let ends = 0
  for (let branch = branches.pop(); branch !== undefined; branch = branches.pop()) {
    const path: string[] = []
    try {
      const world = follow(create(), branch, path)
      for (let key = world.key(); !seen.has(key); key = world.key()) {
        seen.add(key)
        const moves = world.moves()
        if (moves.length === 0) {
          ends++
          follow(create(), path, []).checkEnd()
        }
        const [first, ...others] = [...moves, ...world.faults()]
        if (first === undefined) break
        for (const move of others) branches.push([...path, move])
        follow(world, [first], path)
      }
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}, after: ${path.join(', ')}`, { cause: error })
    }
  }
  return { states: seen.size, ends }
}

function follow(world: Explorable, moves: readonly string[], path: string[]): Explorable {
  for (const move of moves) {
    path.push(move)
    world.apply(move)
  }
  return world
}
