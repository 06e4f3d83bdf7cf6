import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { firstOrAll } from '../support/depth.ts'
import { clearAfterEach, createdDatabase, localPlace, NO_KAFKA, startLocalPing, type LocalPlace } from '../support/local-ping.ts'

const READY = /processor +\| \* ready[^]*Ctrl-C stops everything/

const database = createdDatabase()

describe('stopping npm start', () => {
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

  test('a Ctrl-C that reaches the whole process group does not change the order', async () => {
    const ping = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await ping.until(READY)
    ping.signalGroup('SIGINT')
    expect(await ping.exited).toBe(0)
    expect(ping.output()).toContain('processor | at the end: postgres true, cache true')
  })

  test('signals within 500 ms count as one', async () => {
    const ping = startLocalPing(place, 'stubs', { env: { ...NO_KAFKA, ANSWER_WITHIN_MS: '1500' } })
    await ping.until(READY)
    ping.signal('SIGINT')
    await delay(100) // what is tested is the time between the signals
    ping.signal('SIGINT')
    expect(await ping.exited).toBe(0)
    expect(ping.output()).toMatch(/Stopped\.\n$/)
  })

  test('a later second signal kills everything', async () => {
    const ping = startLocalPing(place, 'stubs', { env: { ...NO_KAFKA, ANSWER_WITHIN_MS: '60000' } })
    await ping.until(READY)
    ping.signal('SIGINT')
    await delay(600) // what is tested is the time between the signals
    const from = Date.now()
    ping.signal('SIGINT')
    expect(await ping.exited).toBe(137)
    expect(Date.now() - from).toBeLessThan(2_000)
    expect(ping.output()).toMatch(/Killed\.\n$/)
  })

  test('a signal during the start stops the parts that have been started', async () => {
    const ping = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await ping.until(/cache +\| \* ready/)
    ping.signal('SIGINT')
    expect(await ping.exited).toBe(0)
    expect(ping.output()).not.toMatch(READY)
    const again = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await again.until(READY)
    again.signal('SIGINT')
    expect(await again.exited).toBe(0)
  })
})

describe('stopping it under npm', () => {
  let place: LocalPlace
  beforeEach(async () => {
    place = await localPlace()
    database.addTo(place)
  })
  // After `afterEach`s that are defined later. npm may end before its child has: what counts is that all of it ends.
  clearAfterEach(() => place)
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') await expect.poll(() => place.alive(), { timeout: 20_000 }).toEqual([])
  })

  test('a Ctrl-C in the terminal arrives twice and stops it in order', async () => {
    const npm = startLocalPing(place, 'npm', { env: NO_KAFKA })
    await npm.until(READY)
    npm.signalGroup('SIGINT')
    await npm.exited
    expect(npm.output()).toMatch(/server +\| info stopped[^]*processor +\| info stopped[^]*database system is shut down[^]*Stopped\.\n/)
  })

  test.each(firstOrAll(['SIGTERM', 'SIGINT'] as const))('%s to npm alone stops it', async signal => {
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
