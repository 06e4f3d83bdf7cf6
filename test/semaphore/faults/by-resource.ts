import type { Actionable, Event, History, Outcome, Request } from './history.ts'

/** One command of one resource, with everything that the topics say about it. */
export interface Command {
  readonly resource: string
  readonly commandId: string
  readonly requests: Request[]
  readonly events: Event[]
  readonly grants: Actionable[]
  readonly outcomes: Outcome[]
}

/** The commands of one resource. */
export interface Resource {
  readonly name: string
  readonly commands: ReadonlyMap<string, Command>
  /** The first record of each command in actionable-commands, in the order of the partition. */
  readonly granted: readonly GrantedCommand[]
}

export interface GrantedCommand {
  readonly command: Command
  readonly grant: Actionable
}

interface OpenResource extends Resource {
  readonly commands: Map<string, Command>
  readonly granted: GrantedCommand[]
}

/** Sorts a history by resource. */
export function byResource(history: History): readonly Resource[] {
  const resources = new Map<string, OpenResource>()
  const commandOf = ({ resource: name, commandId }: { resource: string; commandId: string }): Command => {
    let resource = resources.get(name)
    if (!resource) resources.set(name, (resource = { name, commands: new Map(), granted: [] }))
    let command = resource.commands.get(commandId)
    if (!command) {
      command = { resource: name, commandId, requests: [], events: [], grants: [], outcomes: [] }
      resource.commands.set(commandId, command)
    }
    return command
  }
  for (const request of history.requests) commandOf(request).requests.push(request)
  for (const event of history.events) commandOf(event).events.push(event)
  for (const outcome of history.outcomes) commandOf(outcome).outcomes.push(outcome)
  for (const grant of history.actionable) {
    const command = commandOf(grant)
    if (command.grants.push(grant) === 1) resources.get(grant.resource)!.granted.push({ command, grant })
  }
  return [...resources.values()]
}
