import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFailed, onTestFinished, test } from 'vitest'
import { identityOf } from '../../local/supervision/identity-of.ts'
import { atDepth, thoroughly } from '../support/depth.ts'
import { clearAfterEach, createdDatabase, localPlace, NO_KAFKA, startLocalPing, type LocalPlace } from '../support/local-ping.ts'

const READY = /processor +\| \* ready[^]*Ctrl-C stops everything/
const TEST_LIMIT_MS = 300_000
const TRIES = 5

const database = createdDatabase()

describe('npm start after a kill', { timeout: TEST_LIMIT_MS }, () => {
  let place: LocalPlace
  beforeEach(async () => {
    place = await localPlace()
    database.addTo(place)
  })
  clearAfterEach(() => place)

  test('reports a part that exits and restarts it at once, and after a pause if it exits again', async () => {
    const ping = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await ping.until(READY)
    for (const part of ['server', 'processor', 'cache', 'postgres']) {
      const from = ping.output().length
      const pid = place.pids()[part]!
      process.kill(pid, 'SIGKILL')
      await ping.until(
        new RegExp(
          `${part} +\\| \\* exited unexpectedly \\(killed by SIGKILL\\)\\n${part} +\\| \\* restarting it now[^]*${part} +\\| \\* ready`,
        ),
        from,
      )
      expect(place.pids()[part]).not.toBe(pid)
    }
    let pause: string | undefined
    for (let tries = 0; (pause === undefined || pause === 'now') && tries < TRIES; tries++) {
      const from = ping.output().length
      process.kill(place.pids()['server']!, 'SIGKILL')
      await ping.until(/server +\| \* restarting it [^]*server +\| \* ready/, from)
      // A part that ran for 10 s, as on a slow machine, is restarted at once again.
      pause = /server +\| \* restarting it (.*)/.exec(ping.output().slice(from))?.[1]
    }
    expect(pause).toBe('in 0.5 s')
    ping.signal('SIGTERM')
    expect(await ping.exited).toBe(0)
    expect(ping.output()).toContain('server    | at the end: postgres true, cache true')
  })

  test('of the supervisor stops the remaining parts and takes over at the next start', async () => {
    const first = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await first.until(READY)
    const left = place.pids()
    first.signal('SIGKILL')
    await first.exited
    expect(place.alive()).toHaveLength(4)
    const second = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await second.until(READY)
    for (const [part, pid] of Object.entries(left)) {
      expect(second.output()).toMatch(new RegExp(`${part} +\\| \\* still running from an earlier start \\(pid ${pid}\\): stopping it`))
      expect(identityOf(pid)).toBeUndefined()
    }
    second.signal('SIGTERM')
    expect(await second.exited).toBe(0)
  })

  // A part like the others.
  thoroughly(test)('takes over the broker too, and restarts it when it exits', async () => {
    const first = startLocalPing(place, 'stubs')
    await first.until(/kafka +\| \* ready/)
    const left = place.pids()['kafka']!
    first.signal('SIGKILL')
    await first.exited
    const second = startLocalPing(place, 'stubs')
    await second.until(/kafka +\| \* ready/)
    expect(identityOf(left)).toBeUndefined()
    process.kill(place.pids()['kafka']!, 'SIGKILL')
    await second.until(/kafka +\| \* exited unexpectedly \(killed by SIGKILL\)[^]*kafka +\| \* ready/)
    second.signal('SIGTERM')
    expect(await second.exited).toBe(0)
  })

  // Each part is killed above, and so is the supervisor.
  thoroughly(test)('of everything runs normally at the next start', async () => {
    const first = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await first.until(READY)
    for (const pid of [first.pid, ...place.alive()]) process.kill(pid, 'SIGKILL')
    await first.exited
    const second = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await second.until(READY)
    expect(second.output()).not.toContain('still runs')
    second.signal('SIGTERM')
    expect(await second.exited).toBe(0)
  })

  test('at any moment of its start leaves nothing that the next start does not find', async () => {
    const args = ['--with', 'pong,semaphore']
    for (const part of atDepth({ normally: ['cache'], thoroughly: ['cache', 'postgres', 'kafka', 'server'] })) {
      const dying = startLocalPing(place, 'stubs', { args, env: { DIES_BEFORE_NOTE: part } })
      expect(await dying.exited).toBe('SIGKILL')
      const { pid, identity } = JSON.parse(/^not noted: (.*)$/m.exec(dying.output())?.[1] ?? '{}')
      const lives = () => identityOf(pid) === identity
      onTestFailed(() => void (lives() && process.kill(pid, 'SIGKILL')))
      await expect.poll(() => [part, lives()]).toEqual([part, false])
    }
    const last = startLocalPing(place, 'stubs', { args })
    await last.until(READY)
    last.signal('SIGTERM')
    expect(await last.exited).toBe(0)
  })

  test('during the creation of the database creates it at the next start', async () => {
    rmSync(place.dataDir, { recursive: true })
    const first = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await expect.poll(() => place.pids()['postgres']).toBeDefined()
    first.signal('SIGKILL')
    await first.exited
    const second = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await second.until(READY)
    second.signal('SIGTERM')
    expect(await second.exited).toBe(0)
  })

  test('does not touch a process that only has the pid of an old part', async () => {
    const first = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await first.until(READY)
    first.signal('SIGTERM')
    await first.exited
    const stranger = spawn('sleep', ['600'])
    onTestFinished(() => void stranger.kill())
    writeFileSync(join(place.dataDir, 'run', 'server.json'), JSON.stringify({ pid: stranger.pid, identity: 'an earlier one' }))
    const second = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await second.until(READY)
    expect(identityOf(stranger.pid!)).toBeDefined()
    stranger.kill()
    await once(stranger, 'exit')
    second.signal('SIGTERM')
    expect(await second.exited).toBe(0)
  })
})
