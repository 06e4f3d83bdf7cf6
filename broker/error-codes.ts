/** Record batches hold no error codes and make up most of a response. */
const RECORDS = 'records'

/** The error codes of a response and of its parts, except 0. */
export function errorCodesIn(response: unknown): readonly number[] {
  const codes: number[] = []
  if (isObject(response)) collect(response, codes)
  return codes
}

function collect(part: Readonly<Record<string, unknown>>, codes: number[]): void {
  for (const name in part) {
    const value = part[name]
    if (name === 'errorCode') {
      if (value !== 0) codes.push(value as number)
    } else if (name !== RECORDS && Array.isArray(value)) {
      for (const item of value) if (isObject(item)) collect(item, codes)
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value)
}
