import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { identityOf } from '../../local/supervision/process-identity.ts'
import { clearAfterEach, localPlace, NO_KAFKA, startLocalPing, type LocalPlace } from '../support/local-ping.ts'

const READY = /processor +\| \* ready[^]*Ctrl-C stops everything/

describe('npm start and death', () => {
  let place: LocalPlace
  beforeEach(async () => {
    place = await localPlace()
  })
  clearAfterEach(() => place)

  test('a part that dies is named and started again at once; when it dies again, after a pause', async () => {
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
    const from = ping.output().length
    process.kill(place.pids()['server']!, 'SIGKILL')
    await ping.until(/server +\| \* restarting it in 0.5 s[^]*server +\| \* ready/, from)
    ping.signal('SIGTERM')
    expect(await ping.exited).toBe(0)
    expect(ping.output()).toContain('server    | at the end: postgres true, cache true')
  })

  test('after kill -9 of the supervisor the next start stops what is left and takes over', async () => {
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

  test('the broker too is taken over, and started again when it dies', async () => {
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

  test('after kill -9 of everything the next start runs as if nothing had been', async () => {
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

  test('after kill -9 while the database is being made the next start makes it', async () => {
    const first = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await expect.poll(() => place.pids()['postgres'], { timeout: 10_000 }).toBeDefined()
    first.signal('SIGKILL')
    await first.exited
    const second = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await second.until(READY)
    second.signal('SIGTERM')
    expect(await second.exited).toBe(0)
  })

  test('a process that only has the pid of an old part is left alone', async () => {
    const first = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await first.until(READY)
    first.signal('SIGTERM')
    await first.exited
    const stranger = spawn('sleep', ['60'])
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
