import type { Attributes, Span } from './tracing.ts'

/** A part of a traced work: its name, and what is known of it before. */
export interface Part {
  readonly name: string
  readonly attributes: Attributes
}

/** Gives work that has just begun a span, as a part of `whole`. Without a whole, this is the promise itself: nothing is created. */
export function tracedPart<T>(whole: Span | undefined, { name, attributes }: Part, work: Promise<T>): Promise<T> {
  const span = whole?.begin(name, { kind: 'client', attributes })
  return span === undefined ? work : ended(span, work)
}

async function ended<T>(span: Span, work: Promise<T>): Promise<T> {
  try {
    const result = await work
    span.end()
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}
