import { describe, expect, test } from 'vitest'
import { atDepth, firstOrAll } from '../../support/depth.ts'
import { explore } from './explore.ts'
import { RoundTripWorld } from './round-trip-world.ts'

const ONE = [
  ['one session', [false]],
  ['one session with a handshake', [true]],
] as const

const TWO = firstOrAll([
  ['a session without a handshake and one with', [false, true]],
  ['two sessions', [false, false]],
  ['two sessions with a handshake', [true, true]],
] as const)

/** With three, all states of a session with a handshake take seconds: see `npm run explore:pong`. */
const FAULTS_OF_ONE = Number(process.env['EXPLORE_FAULTS'] ?? atDepth({ normally: 1, thoroughly: 2 }))

describe('every order of events keeps the promises of the round trip', () => {
  // With two faults these have a million states, which take minutes.
  test.each(TWO)('for %s and one fault at any moment', (_, handshakes) => {
    const { states, ends } = explore(() => new RoundTripWorld({ handshakes, faults: 1 }))
    expect(states).toBeGreaterThan(4_000)
    expect(ends).toBeGreaterThan(100)
  })

  test.each(ONE)(`for %s and ${FAULTS_OF_ONE} faults at any moments`, (_, handshakes) => {
    expect(explore(() => new RoundTripWorld({ handshakes, faults: FAULTS_OF_ONE })).states).toBeGreaterThan(100)
  })

  test('for two sessions of which the server may open only one at a time', () => {
    expect(explore(() => new RoundTripWorld({ handshakes: [false, false], faults: 1, maxOpen: 1 })).states).toBeGreaterThan(2_000)
  })

  test('for a session next to one whose reply Kafka neither confirms nor refuses', () => {
    expect(explore(() => new RoundTripWorld({ handshakes: [false, false], faults: 1, stuck: 'a' })).states).toBeGreaterThan(500)
  })
})
