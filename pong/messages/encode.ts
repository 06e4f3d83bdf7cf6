import type { Message } from './message.ts'

/** The record's value: JSON, the fields in the order of the types. */
export function encode(message: Message): string {
  return JSON.stringify(message)
}
