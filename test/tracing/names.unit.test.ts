import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { ATTRIBUTES, OPERATIONS, SERVICES, SPANS, SYSTEMS } from '../../src/tracing/names.ts'

const TOPIC = 'ping-events'

/** Every name and value that OpenTelemetry's conventions list, from their own package, which the SDK brings. */
function conventions(): ReadonlySet<unknown> {
  const sdk = createRequire(import.meta.resolve('@opentelemetry/sdk-trace'))
  return new Set(Object.values(sdk('@opentelemetry/semantic-conventions/incubating') as Record<string, unknown>))
}

describe('names of spans', () => {
  test.each([...Object.values(ATTRIBUTES), ...Object.values(SYSTEMS)])('the name %s is of the conventions, or begins with ping.', name =>
    expect(name.startsWith('ping.') || conventions().has(name)).toBe(true),
  )

  test('no two attributes have the same name', () => expect(new Set(Object.values(ATTRIBUTES)).size).toBe(Object.keys(ATTRIBUTES).length))

  test('spans of messaging are named "<operation> <topic>", and programs as their package', () => {
    for (const operation of ['send', 'publish', 'process', 'flush'] as const) {
      expect(SPANS[operation](TOPIC)).toBe(`${OPERATIONS[operation]} ${TOPIC}`)
    }
    expect(Object.values(SERVICES)).toEqual(['ping-server', 'ping-processor'])
  })
})
