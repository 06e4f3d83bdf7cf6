import { shownOn, type Terminal } from './terminal.ts'

/** Where a command writes: results to standard output, everything else to standard error. */
export interface Output {
  readonly json: boolean
  /** A result: its JSON form on one line with --json, else its text. */
  result(json: JsonDocument, text: string): void
  /** A note for the user, to standard error. */
  note(text: string): void
}

/** bigint is written as a plain JSON number with all its digits. */
export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[] | JsonDocument
export type JsonDocument = { readonly [key: string]: JsonValue | undefined }

export function createOutput(json: boolean, terminal: Terminal): Output {
  return {
    json,
    result: (document, text) => process.stdout.write(`${json ? toJson(document) : shownOn(terminal, text)}\n`),
    note: text => process.stderr.write(`${shownOn(terminal, text)}\n`),
  }
}

/** Node has JSON.rawJSON; TypeScript's library does not know it yet. */
const { rawJSON: rawJson } = JSON as typeof JSON & { rawJSON(text: string): unknown }

/** One line of JSON. 64-bit numbers keep all their digits; a reader that knows only doubles loses digits above 2^53. */
export function toJson(document: JsonDocument): string {
  return JSON.stringify(document, (_, value: unknown) => (typeof value === 'bigint' ? rawJson(String(value)) : value))
}

/** `1234567` as `1 234 567`. */
export function grouped(value: bigint | number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ')
}
