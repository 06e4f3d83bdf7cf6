import { MAX_NAMES, SERVER_NAME } from '../../../pong/messages/message.ts'
import type { Format } from '../formats/format.ts'
import type { RttPlan } from './plan.ts'
import type { Addressees } from './probe.ts'

/** A span of time in seconds, as unix ping has it; the value is in ms. */
export function seconds(min: number, max: number): Format<number> {
  return {
    expected: `seconds from ${min} to ${max}, such as 1 or 0.2`,
    parse: text => {
      const value = /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value * 1_000 : undefined
    },
  }
}

const ACKS: Readonly<Record<string, RttPlan['acks']>> = { 0: 0, 1: 1, all: -1 }

export const acks: Format<RttPlan['acks']> = {
  expected: '0, 1 or all',
  parse: text => (Object.hasOwn(ACKS, text) ? ACKS[text] : undefined),
}

export const addressees: Format<Addressees> = {
  expected: `one, all, or 1 to ${MAX_NAMES} different names of servers, separated by commas`,
  parse: text => {
    if (text === 'one' || text === 'all') return text
    const names = text.split(',')
    const areValid = names.length <= MAX_NAMES && names.every(name => SERVER_NAME.test(name)) && new Set(names).size === names.length
    return areValid ? names : undefined
  },
}

export const topicName: Format<string> = {
  expected: 'up to 249 letters, digits, dots, underscores and hyphens; not . or ..',
  parse: text => (/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/.test(text) ? text : undefined),
}
