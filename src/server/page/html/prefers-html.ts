/** A media range of an `accept` header, with its weight from 0 to 1. */
interface Accepted {
  readonly range: string
  readonly weight: number
}

/**
 * True if a caller names text/html, and wants nothing else more: a browser. Not curl and most programs, which accept anything.
 *
 * @param accept the request's header `accept`
 */
export function prefersHtml(accept: string | undefined): boolean {
  const accepted = (accept ?? '').split(',').map(toAccepted)
  const html = accepted.find(({ range }) => range === 'text/html')
  return html !== undefined && html.weight > 0 && accepted.every(({ weight }) => weight <= html.weight)
}

function toAccepted(text: string): Accepted {
  const [range = '', ...parameters] = text
    .toLowerCase()
    .split(';')
    .map(part => part.trim())
  const weight = parameters.find(parameter => parameter.startsWith('q='))
  return { range, weight: weight === undefined ? 1 : weightOf(weight.slice('q='.length)) }
}

/** A malformed weight counts as 0. */
function weightOf(text: string): number {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0
}
