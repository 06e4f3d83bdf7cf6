import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PostgresTop } from './postgres-top.ts'
import { topList, type CpuProfile, type TopList } from './top-list.ts'

const ROOT = pathToFileURL(join(import.meta.dirname, '..', '..')).href
const PROFILE = '.cpuprofile'
/** How long a program takes to start, even on a busy machine. */
const START_US = 3_000_000
const POSTGRES = 'postgres-top.json'
/** By a file that only this program runs; the first that fits. */
const PROGRAMS: readonly (readonly [name: string, file: RegExp])[] = [
  ['server', /\/src\/server\/main\.ts$/],
  ['processor', /\/processor\/main\.ts$/],
  ['broker', /\/broker\/main\.js$/],
]

export interface ProgramTop extends TopList {
  readonly program: string
}

/** The top lists of a folder of profiles. */
export interface Profiles {
  readonly programs: readonly ProgramTop[]
  readonly postgres: PostgresTop | undefined
}

/** Removes what an earlier run has left in a folder, and creates it if it does not exist. */
export function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (name.endsWith(PROFILE) || name === POSTGRES) rmSync(join(folder, name))
}

export function writePostgresTop(folder: string, top: PostgresTop): void {
  writeFileSync(join(folder, POSTGRES), `${JSON.stringify(top)}\n`)
}

/** The top list of each program that has a profile in a folder; of several profiles of a program, the busiest. */
export function readProfiles(folder: string): Profiles {
  const names = readdirSync(folder)
  const all = names
    .filter(name => name.endsWith(PROFILE))
    .flatMap(name => {
      const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile
      const program = programOf(profile)
      return program === undefined ? [] : [{ program, ...topList(profile, { root: ROOT, skipUs: START_US }) }]
    })
  const busiest = PROGRAMS.flatMap(([name]) =>
    all
      .filter(({ program }) => program === name)
      .toSorted((a, b) => b.busyUs - a.busyUs)
      .slice(0, 1),
  )
  return {
    programs: busiest,
    postgres: names.includes(POSTGRES) ? (JSON.parse(readFileSync(join(folder, POSTGRES), 'utf8')) as PostgresTop) : undefined,
  }
}

function programOf({ nodes }: CpuProfile): string | undefined {
  return PROGRAMS.find(([, file]) => nodes.some(({ callFrame }) => file.test(callFrame.url)))?.[0]
}
