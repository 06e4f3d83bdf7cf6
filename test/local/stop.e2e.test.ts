import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { firstOrAll, thoroughly } from '../support/depth.ts'
import {
  clearAfterEach,
  createdDatabase,
  localPlace,
  NO_KAFKA,
  startLocalPing,
  type LocalPing,
  type LocalPlace,
} from '../support/local-ping.ts'

const READY = /processor +\| \* ready[^]*Ctrl-C stops everything/
const STOPPING = /Stopping\. Press Ctrl-C again/
const TEST_LIMIT_MS = 300_000
/** Runs until one has had the order that is tested. */
const TRIES = 5

const database = createdDatabase()

describe('stopping npm start', { timeout: TEST_LIMIT_MS }, () => {
  let place: LocalPlace
  beforeEach(async () => {
    place = await localPlace()
    database.addTo(place)
  })
  clearAfterEach(() => place)

  test.each(firstOrAll(['SIGHUP', 'SIGTERM', 'SIGINT'] as const))(
    '%s stops the server and the processor while Postgres and the cache still run',
    async signal => {
      const ping = startLocalPing(place, 'stubs', { env: NO_KAFKA })
      await ping.until(READY)
      ping.signal(signal)
      expect(await ping.exited).toBe(0)
      const ends = ping
        .output()
        .split('\n')
        .filter(line => line.includes('at the end'))
      expect(ends).toEqual(['server    | at the end: postgres true, cache true', 'processor | at the end: postgres true, cache true'])
      expect(ping.output()).toMatch(/database system is shut down[^]*Stopped\.\n$/)
    },
  )

  // Under npm, a Ctrl-C reaches the group, too.
  thoroughly(test)('a Ctrl-C that reaches the whole process group does not change the order', async () => {
    const ping = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await ping.until(READY)
    ping.signalGroup('SIGINT')
    expect(await ping.exited).toBe(0)
    expect(ping.output()).toContain('processor | at the end: postgres true, cache true')
  })

  // Under npm, a Ctrl-C is two signals, too.
  thoroughly(test)('signals within 500 ms count as one', async () => {
    const ping = startLocalPing(place, 'stubs', { env: { ...NO_KAFKA, ANSWER_WITHIN_MS: '1500' } })
    await ping.until(READY)
    ping.signal('SIGSTOP') // so it gets both at the same time
    ping.signal('SIGINT')
    ping.signal('SIGTERM')
    ping.signal('SIGCONT')
    expect(await ping.exited).toBe(0)
    expect(ping.output()).toMatch(/Stopped\.\n$/)
  })

  test('a later second signal kills everything', async () => {
    const ping = startLocalPing(place, 'stubs', { env: { ...NO_KAFKA, ANSWER_WITHIN_MS: '60000' } })
    await ping.until(READY)
    ping.signal('SIGINT')
    await ping.until(STOPPING)
    await delay(600) // what is tested is the time between the signals
    ping.signal('SIGINT')
    expect(await ping.exited).toBe(137)
    expect(ping.output()).toMatch(/Killed\.\n$/)
  })

  test('a signal during the start stops the parts that have been started', async () => {
    for (let tries = 1; ; tries++) {
      const ping = startLocalPing(place, 'stubs', { env: NO_KAFKA })
      await ping.until(/cache +\| \* ready/)
      ping.signal('SIGINT')
      expect(await ping.exited).toBe(0)
      expect(place.alive()).toEqual([])
      if (!READY.test(ping.output())) break
      expect(tries, 'starts that were complete before the signal').toBeLessThan(TRIES)
    }
    const again = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await again.until(READY)
    again.signal('SIGINT')
    expect(await again.exited).toBe(0)
  })
})

describe('stopping it under npm', { timeout: TEST_LIMIT_MS }, () => {
  let place: LocalPlace
  beforeEach(async () => {
    place = await localPlace()
    database.addTo(place)
  })
  // After `afterEach`s that are defined later. npm may end before its child has: what counts is that all of it ends.
  clearAfterEach(() => place)
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') await untilNoneIsAlive()
  })
  const untilNoneIsAlive = () => expect.poll(() => place.alive()).toEqual([])

  test('a Ctrl-C in the terminal arrives twice and stops it in order', async () => {
    let npm: LocalPing
    let tries = 0
    do {
      npm = startLocalPing(place, 'npm', { env: NO_KAFKA })
      await npm.until(READY)
      npm.signalGroup('SIGINT')
      await npm.exited
      await untilNoneIsAlive()
      // If npm stands still, the one that it passes on comes too late, and is taken for another.
    } while (npm.output().includes('Killed.\n') && ++tries < TRIES)
    expect(npm.output()).toMatch(/server +\| info stopped[^]*processor +\| info stopped[^]*database system is shut down[^]*Stopped\.\n/)
  })

  thoroughly(test.each(['SIGTERM', 'SIGINT'] as const))('%s to npm alone stops it', async signal => {
    const npm = startLocalPing(place, 'npm', { env: NO_KAFKA })
    await npm.until(READY)
    npm.signal(signal)
    await npm.exited
    expect(npm.output()).toMatch(/Stopped\.\n/)
  })

  test('kill -9 of npm alone stops it in order', async () => {
    const npm = startLocalPing(place, 'npm', { env: NO_KAFKA })
    await npm.until(READY)
    npm.signal('SIGKILL')
    await npm.until(/Stopped\.\n/)
  })
})
