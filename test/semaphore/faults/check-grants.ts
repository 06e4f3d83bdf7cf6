import type { Command, Resource } from './by-resource.ts'
import { violationOf, type Violation } from './violation.ts'

/** Each command is actionable once after its duplicates are removed, as it was requested, with a token above all before. */
export function checkGrants(resource: Resource): readonly Violation[] {
  return [...[...resource.commands.values()].flatMap(checkCommand), ...checkTokens(resource), ...checkPartition(resource)]
}

function checkCommand(command: Command): readonly Violation[] {
  const [first, ...others] = command.grants
  if (!first) return []
  const [request] = command.requests
  if (!request) return [violationOf(command, 'not requested', 'is actionable, but was not requested')]
  return [
    ...(first.value === request.value
      ? []
      : [violationOf(command, 'changed', `is actionable as ${first.value}, requested as ${request.value}`)]),
    ...others.flatMap(other => {
      if (other.token !== first.token)
        return violationOf(command, 'granted twice', `is actionable with the tokens ${first.token} and ${other.token}`)
      if (other.value !== first.value || other.leaseMs !== first.leaseMs)
        return violationOf(command, 'duplicate differs', `has two records with the token ${first.token} that differ`)
      return []
    }),
  ]
}

/** In the order of the partition; what comes again is a duplicate, and was compared with the first. */
function checkTokens({ granted }: Resource): readonly Violation[] {
  return granted.flatMap(({ command, grant }, index) => {
    const before = granted[index - 1]?.grant
    if (!before || before.token < grant.token) return []
    return violationOf(command, 'token fell', `has the token ${grant.token} after ${before.commandId} with ${before.token}`)
  })
}

function checkPartition({ granted }: Resource): readonly Violation[] {
  const [first] = granted
  const moved = granted.find(({ grant }) => grant.place.partition !== first!.grant.place.partition)
  return moved ? [violationOf(moved.command, 'partition', 'is in another partition than the first command of its resource')] : []
}
