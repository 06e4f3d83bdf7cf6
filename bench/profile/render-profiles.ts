import { renderTable, short, whole, type Column } from '../table.ts'
import type { Called, PostgresTop } from './postgres-top.ts'
import type { ProgramTop, Profiles } from './read-profiles.ts'
import type { Spent } from './top-list.ts'

const FUNCTIONS = 15
const PACKAGES = 12

/** Tables of what costs most in each program, in µs per ping, without the first seconds of the programs. */
export function renderProfiles({ programs, postgres }: Profiles): string {
  const pings = postgres?.pings
  return [...programs.map(each => renderProgram(each, pings)), ...(postgres ? [renderPostgres(postgres)] : [])].join('\n\n')
}

function renderProgram({ program, busyUs, functions, packages }: ProgramTop, pings: number | undefined): string {
  const columns = (title: string): readonly Column<Spent>[] => [
    { title, cell: ({ what }) => what },
    { title: '%', cell: ({ us }) => ((us / busyUs) * 100).toFixed(1) },
    ...(pings === undefined ? [] : [{ title: 'µs a ping', cell: ({ us }: Spent) => (us / pings).toFixed(2) }]),
  ]
  const busy = pings === undefined ? '' : `, ${short(busyUs / pings)} µs a ping`
  return [
    `${program}: busy for ${(busyUs / 1e6).toFixed(1)} s${busy}`,
    renderTable(columns('by package'), packages.slice(0, PACKAGES)),
    renderTable(columns('by function, its own time'), functions.slice(0, FUNCTIONS)),
  ].join('\n\n')
}

function renderPostgres({ pings, functions, statements }: PostgresTop): string {
  const columns = (title: string): readonly Column<Called>[] => [
    { title, cell: ({ what }) => what },
    { title: 'calls', cell: ({ calls }) => whole(calls) },
    { title: 'µs a call', cell: ({ us, calls }) => short(us / calls) },
    { title: 'µs a ping', cell: ({ us }) => (us / pings).toFixed(2) },
  ]
  return [
    `postgres: ${whole(pings)} pings; wall-clock time, waits included`,
    renderTable(columns('functions, own time'), functions),
    renderTable(columns('statements, also those within functions'), statements),
  ].join('\n\n')
}
