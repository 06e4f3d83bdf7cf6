import { describe, expect, test } from 'vitest'
import { ownProvider } from '../../src/tracing/own-sdk.ts'

const scopeWith = (registered: object) => ({ [Symbol.for('opentelemetry.js.api.1')]: registered })

describe("the user's own SDK", () => {
  test.each([[{}], [scopeWith({ version: '1.9.1' })], [scopeWith({ version: '1.9.1', metrics: {} })]])('is not there: %j', scope => {
    expect(ownProvider(scope)).toBeUndefined()
  })

  test.each(['1.0.0', '1.9.1', '1.10.0'])('is found with any version 1.x of the API: %s', version => {
    const trace = { getTracer: () => ({}) }
    expect(ownProvider(scopeWith({ version, trace }))).toBe(trace)
  })
})
