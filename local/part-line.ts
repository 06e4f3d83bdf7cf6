import { stripVTControlCharacters } from 'node:util'
import { readableLine } from './launch/readable-line.ts'
import type { PartName } from './part.ts'

const COLOURS: Readonly<Record<PartName, number>> = {
  server: 32,
  processor: 36,
  kafka: 35,
  cache: 33,
  postgres: 34,
  semaphore: 92,
  pong: 96,
}
const WIDTH = 'processor'.length

/** True for a line that shows nothing, though it may contain colours: Java's logging ends each event with such a line. */
export function isBlank(line: string): boolean {
  return stripVTControlCharacters(line).trim() === ''
}

/** A line of a part, as the terminal shows it: after the part's name, and with Ping's own logs readable. */
export function partLine(part: PartName, line: string, isTerminal: boolean): string {
  const name = part.padEnd(WIDTH)
  const prefix = isTerminal ? `\u001b[${COLOURS[part]}m${name} |\u001b[0m` : `${name} |`
  return `${prefix} ${readableLine(line)}\n`
}
