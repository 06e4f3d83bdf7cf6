import type { Measured } from './measure-all.ts'
import { renderPings } from './report-pings.ts'

export interface Figures extends Measured {
  /** Why figures must not be trusted; empty when all was verified. */
  readonly invalid: readonly string[]
  readonly tookSeconds: number
}

/** The whole report as text. */
export function renderReport(figures: Figures): string {
  return [
    renderMachine(figures),
    section('Ping', figures.pings.length > 0 ? renderPings(figures.pings) : ''),
    section('Not valid', figures.invalid.map(each => `! ${each}`).join('\n')),
    `took ${figures.tookSeconds} s`,
  ]
    .filter(text => text !== '')
    .join('\n\n')
}

function section(title: string, text: string): string {
  return text === '' ? '' : `${title}\n\n${text}`
}

function renderMachine({ machine }: Figures): string {
  const { cpu, cores, memoryGiB, system, node, postgres, fsync, synchronousCommit } = machine
  return `${cores} × ${cpu}, ${memoryGiB} GiB, ${system}; Node ${node}; PostgreSQL ${postgres}, fsync ${fsync}, synchronous_commit ${synchronousCommit}; everything shares the machine: trust ratios`
}
