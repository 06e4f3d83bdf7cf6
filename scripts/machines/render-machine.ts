import type { AnyMachine } from '../../pong/machines/machine.ts'

type State = readonly [name: string, of: AnyMachine['states'][string]]

/** A diagram of the machine, and tables of its rows, states, events and actions. */
export function renderMachine(table: AnyMachine): string {
  const states = Object.entries(table.states)
  return [
    diagram(table, states),
    renderTable(['State', 'Event', 'Next state', 'Actions'], states.flatMap(rowsOf)),
    renderTable(
      ['State', 'Kind', 'What it means'],
      states.map(([name, { kind, keepsTime, meaning }]) => [code(name), keepsTime === true ? `${kind}, keeps the time` : kind, meaning]),
    ),
    renderTable(['Event', 'When'], Object.entries(table.events).map(described)),
    renderTable(['Action', 'What is done'], Object.entries(table.actions).map(described)),
  ].join('\n\n')
}

/** Rows between the same two states share an arrow. States that are over are the end. */
function diagram({ initial, states: byName }: AnyMachine, states: readonly State[]): string {
  const arrows = new Map<string, string[]>()
  for (const [name, { on }] of states) {
    for (const [event, row] of Object.entries(on)) {
      if (row === undefined) continue
      const arrow = `${name} --> ${byName[row.next]?.kind === 'over' ? '[*]' : row.next}`
      const label = row.actions.length > 0 ? `${event} / ${row.actions.join(', ')}` : event
      arrows.set(arrow, [...(arrows.get(arrow) ?? []), label])
    }
  }
  const lines = [...arrows].map(([arrow, labels]) => `    ${arrow}: ${labels.join('<br>')}`)
  return ['```mermaid', 'stateDiagram-v2', `    [*] --> ${initial}`, ...lines, '```'].join('\n')
}

function rowsOf([name, { on }]: State): readonly (readonly string[])[] {
  return Object.entries(on).flatMap(([event, row]) =>
    row === undefined ? [] : [[code(name), code(event), code(row.next), row.actions.map(code).join(', ') || 'none']],
  )
}

function described([name, meaning]: readonly [name: string, meaning: string]): readonly string[] {
  return [code(name), meaning]
}

function code(name: string): string {
  return `\`${name}\``
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
