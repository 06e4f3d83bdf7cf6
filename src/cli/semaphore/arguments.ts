import { Argument, InvalidArgumentError } from 'commander'
import { duration } from '../formats/duration.ts'
import type { Format } from '../formats/format.ts'

const MAX_TOKEN = 2n ** 63n - 1n

/** An argument whose text must have the given format. */
export function formattedArgument<T>(name: string, help: string, format: Format<T>): Argument {
  return new Argument(name, help).argParser((text: string): T => {
    const value = format.parse(text)
    if (value === undefined) throw new InvalidArgumentError(`Got ${JSON.stringify(text)}, expected ${format.expected}.`)
    return value
  })
}

/** The id of a resource. */
export const resourceId: Format<string> = {
  expected: '1 to 200 characters without control characters',
  parse: text => (text !== '' && text.isWellFormed() && [...text].length <= 200 && !/\p{Cc}/u.test(text) ? text : undefined),
}

/** The id of a command. */
export const commandId: Format<string> = {
  expected: '1 to 200 printable ASCII characters',
  parse: text => (/^[\x20-\x7e]{1,200}$/.test(text) ? text : undefined),
}

/** The token of a grant. */
export const token: Format<bigint> = {
  expected: `an integer from 1 to ${MAX_TOKEN}`,
  parse: text => {
    const value = /^\d{1,19}$/.test(text) ? BigInt(text) : 0n
    return value >= 1n && value <= MAX_TOKEN ? value : undefined
  },
}

/** A number of grants in a window of time, such as 10/1s. */
export const grantRate: Format<{ readonly count: number; readonly windowMs: bigint }> = {
  expected: 'a number of grants and a time with a unit, such as 10/1s or 600/1h',
  parse: text => {
    const [, count = '', window = ''] = /^(\d{1,9})\/(.+)$/.exec(text) ?? []
    const windowMs = duration(1).parse(window)
    return Number(count) > 0 && windowMs !== undefined ? { count: Number(count), windowMs: BigInt(Math.ceil(windowMs)) } : undefined
  },
}
