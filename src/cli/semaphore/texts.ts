import { CommandState, type Command, type Limits, type Resource } from '../../gen/semaphore/v1/semaphore_pb.ts'
import { shownText } from '../../runtime/shown-text.ts'
import { formatDuration } from '../formats/duration.ts'
import { renderTable } from '../output/table.ts'
import { stateName } from './documents.ts'

/** What the semaphore answers, as text for people. */

/** Letters, digits and marks that every terminal shows as they are. */
const PLAIN = /^[\p{L}\p{N}\p{M}!-~]+$/u
const NOTHING = '–'

/** An id as it is, or quoted if a terminal would not show all of it. */
export function idText(id: string): string {
  return PLAIN.test(id) ? id : shownText(id)
}

/** How long ago a time was. The clocks of Postgres and of this machine may differ, so it is never negative. */
function ageText(atMs: bigint | undefined, nowMs: number): string {
  return atMs === undefined ? NOTHING : formatDuration(Math.max(0, nowMs - Number(atMs)))
}

function leaseText(leaseUntilMs: bigint | undefined, nowMs: number): string {
  if (leaseUntilMs === undefined) return NOTHING
  const leftMs = Number(leaseUntilMs) - nowMs
  return leftMs > 0 ? `${formatDuration(leftMs)} left` : 'over'
}

export function resourcesTable(resources: readonly Resource[]): string {
  const columns = [
    { title: 'RESOURCE', align: 'left' },
    { title: 'RUNNING', align: 'right' },
    { title: 'WAITING', align: 'right' },
    { title: 'LEASE', align: 'right' },
    { title: 'RATE', align: 'right' },
    { title: 'ACCEPTED', align: 'right' },
    { title: 'GRANTED', align: 'right' },
  ] as const
  const rows = resources.map(({ resourceId, limits, running, waiting, lastPlace, lastToken }) => [
    idText(resourceId),
    `${running}/${limits?.running ?? 0}`,
    `${waiting}/${limits?.waiting ?? 0}`,
    leaseOf(limits),
    rateOf(limits),
    String(lastPlace),
    String(lastToken),
  ])
  return renderTable(columns, rows)
}

export function commandsTable(commands: readonly Command[], nowMs: number): string {
  const columns = [
    { title: 'PLACE', align: 'right' },
    { title: 'COMMAND', align: 'left' },
    { title: 'STATE', align: 'left' },
    { title: 'TOKEN', align: 'right' },
    { title: 'PRIORITY', align: 'right' },
    { title: 'AGE', align: 'right' },
    { title: 'LEASE', align: 'right' },
    { title: 'BYTES', align: 'right' },
  ] as const
  const rows = commands.map(command => [
    String(command.place),
    idText(command.commandId),
    stateName(command.state),
    command.token === undefined ? NOTHING : String(command.token),
    String(command.priority),
    ageText(command.state === CommandState.WAITING ? command.submittedAtMs : (command.grantedAtMs ?? command.submittedAtMs), nowMs),
    leaseText(command.leaseUntilMs, nowMs),
    String(command.payloadBytes),
  ])
  return renderTable(columns, rows)
}

/** One line: what a resource does now. */
export function resourceLine({ resourceId, limits, running, waiting, lastToken, holders }: Resource): string {
  const held = holders.map(({ commandId, token }) => `${idText(commandId)}#${token ?? 0n}`)
  const parts = [
    idText(resourceId),
    `running ${running}/${limits?.running ?? 0}`,
    `waiting ${waiting}/${limits?.waiting ?? 0}`,
    `token ${lastToken}`,
  ]
  return [...parts, ...(held.length > 0 ? [held.join(' ')] : [])].join('  ')
}

export function limitsText(limits: Limits | undefined): string {
  const { running = 0, waiting = 0, ageingMs = 0n } = limits ?? {}
  const parts = [`running ${running}`, `waiting ${waiting}`, `lease ${leaseOf(limits)}`, `ageing ${formatDuration(Number(ageingMs))}`]
  return [...parts, `rate ${rateOf(limits)}`].join(' · ')
}

function leaseOf(limits: Limits | undefined): string {
  return limits === undefined || limits.leaseMs === 0n ? 'none' : formatDuration(Number(limits.leaseMs))
}

function rateOf(limits: Limits | undefined): string {
  const rate = limits?.rate
  return rate === undefined ? 'none' : `${rate.count} per ${formatDuration(Number(rate.windowMs))}`
}
