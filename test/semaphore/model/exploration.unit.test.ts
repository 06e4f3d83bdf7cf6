import { describe, expect, test } from 'vitest'
import { atDepth } from '../../support/depth.ts'
import { explore } from './explore.ts'
import type { PlantedBug } from './planted-bugs.ts'
import { System } from './system.ts'

const COMMANDS = atDepth({ normally: 3, thoroughly: 4 })

/** What each bug breaks first. */
const BREAKS: Readonly<Record<PlantedBug, string>> = {
  'a redelivered command gets a second place': 'a command is granted twice',
  'a lease that ends frees nothing': 'a command never comes to an end',
  'finishing a waiting command frees a slot': 'more commands are out than there are slots',
  'a late finish frees the slot of another command': 'more commands are out than there are slots',
  'slots that are freed together are given on one at a time': 'a slot is free while a command waits',
  'the last command comes first': 'a command is granted out of turn',
  'a command that has to wait is dropped': 'the number of waiting commands is wrong',
  'a token is given again': 'a token does not grow',
  'a cancelled command stays in the number of waiting ones': 'the number of waiting commands is wrong',
  'the offset of a record is committed before its step': 'a command never comes to an end',
  'the published position is moved before the row is sent': 'a row is missing before one that was sent',
}

describe(`every interleaving of ${COMMANDS} commands for two slots`, () => {
  test('keeps the promise: redelivery, silent holders, late ends, cancellations, and crashes at any time', () => {
    const { states, broken, path } = explore(new System(COMMANDS))
    expect({ broken, path }).toEqual({ broken: undefined, path: [] })
    expect(states).toBeGreaterThan(COMMANDS === 4 ? 40_000 : 2_000)
  })

  test.each(Object.entries(BREAKS))('breaks it if %s: %s', (bug, broken) => {
    expect(explore(new System(4, bug as PlantedBug)).broken).toBe(broken)
  })
})
