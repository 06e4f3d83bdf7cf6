import { shownText } from '../../src/runtime/shown-text.ts'

/** Maximum length of a resource id and of a command id, in characters. */
const MAX_ID_LENGTH = 200
const CONTROL = /\p{Cc}/u
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/

/** What is wrong with a resource id, as "got X, expected Y"; undefined if it is valid. The same rule for topics, REST and RPC. */
export function resourceIdFault(id: string): string | undefined {
  const isValid = id !== '' && id.isWellFormed() && lengthOf(id) <= MAX_ID_LENGTH && !CONTROL.test(id)
  return isValid ? undefined : `got ${shownId(id)}, expected 1 to ${MAX_ID_LENGTH} characters without control characters`
}

/** What is wrong with a command id, as "got X, expected Y"; undefined if it is valid. */
export function commandIdFault(id: string): string | undefined {
  const isValid = id.length <= MAX_ID_LENGTH && PRINTABLE_ASCII.test(id)
  return isValid ? undefined : `got ${shownId(id)}, expected 1 to ${MAX_ID_LENGTH} printable ASCII characters`
}

/** A character outside the basic plane counts once. A longer text is not measured: it is too long anyway. */
function lengthOf(id: string): number {
  return id.length > 2 * MAX_ID_LENGTH ? id.length : [...id].length
}

function shownId(id: string): string {
  return id === '' ? 'nothing' : shownText(id)
}
