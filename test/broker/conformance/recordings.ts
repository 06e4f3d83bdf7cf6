import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Apache Kafka's recorded answers by the step's title; empty if there are none yet. */
export type Recording = Record<string, unknown>

const FOLDER = join(import.meta.dirname, 'recorded')

export function readRecording(chapter: string): Recording {
  const file = fileOf(chapter)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recording) : {}
}

export function writeRecording(chapter: string, recording: Recording): void {
  const steps = Object.entries(recording).map(([title, answer]) => `${JSON.stringify(title)}: ${JSON.stringify(answer)}`)
  writeFileSync(fileOf(chapter), `{\n${steps.join(',\n')}\n}\n`)
}

/** An answer as it is once recorded: without undefined fields. */
export function asRecorded(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer)) as unknown
}

function fileOf(chapter: string): string {
  return join(FOLDER, `${chapter.replaceAll(' ', '-')}.json`)
}
