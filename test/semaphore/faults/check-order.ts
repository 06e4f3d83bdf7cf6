import type { Command, Resource } from './by-resource.ts'
import type { Request } from './history.ts'
import { violationOf, type Violation } from './violation.ts'

interface Turn {
  readonly command: Command
  readonly offset: bigint
  readonly priority: number
}

/**
 * First come, first served: none is granted before another that was requested earlier with the same or a higher priority. The turn of a
 * command is the place of its first record. A command that a call requested as well, or that was refused or cancelled, has no certain turn.
 */
export function checkOrder({ commands, granted }: Resource): readonly Violation[] {
  const turns = new Map([...commands.values()].flatMap(command => turnOf(command) ?? []).map(turn => [turn.command, turn]))
  const waiting = new Set([...turns.values()].toSorted((a, b) => Number(a.offset - b.offset)))
  return granted.flatMap(({ command }) => {
    const turn = turns.get(command)
    if (!turn) return []
    waiting.delete(turn)
    const first = [...waiting].find(({ offset, priority }) => offset < turn.offset && priority >= turn.priority)
    return first ? violationOf(command, 'out of turn', `got a slot before ${first.command.commandId}, which was requested earlier`) : []
  })
}

function turnOf(command: Command): Turn | undefined {
  const hasTurn = command.requests.length > 0 && command.requests.every(isRecord) && !command.outcomes.some(isUncertain)
  if (!hasTurn) return undefined
  const [first] = command.requests.toSorted((a, b) => Number(a.place!.offset - b.place!.offset))
  return { command, offset: first!.place!.offset, priority: first!.priority }
}

function isRecord({ place }: Request): boolean {
  return place !== undefined
}

function isUncertain({ outcome }: Command['outcomes'][number]): boolean {
  return outcome === 'refused' || outcome === 'cancelled'
}
