import { describe, expect, test } from 'vitest'
import type { OpenPing } from '../../../pong/answerer.ts'
import { explore } from './explore.ts'
import { createCore, type CreateCore, type ServerCore } from './round-trip-server.ts'
import { RoundTripWorld, type WorldOptions } from './round-trip-world.ts'

/** A core with some of its functions replaced. */
const changed =
  (change: (core: ServerCore) => Partial<ServerCore>): CreateCore =>
  options => {
    const core = createCore(options)
    return Object.create(core, Object.getOwnPropertyDescriptors(change(core))) as ServerCore
  }

const commitBeforeSend = changed(core => ({
  take: ping => {
    core.take(ping)
    ping.done()
  },
}))

const endAtTimeout: CreateCore = options => {
  let isOver = false
  const core = createCore({ ...options, note: line => (isOver ||= line === 'a reply takes long') })
  return Object.create(core, {
    take: { value: (ping: OpenPing) => isOver || core.take(ping) },
    describe: { value: (ids: readonly string[]) => `${isOver} ${core.describe(ids)}` },
  }) as ServerCore
}

const oneAfterTheOther: CreateCore = options => {
  const core = createCore(options)
  const queue: OpenPing[] = []
  const next = (): void => queue[0] && core.take(queue[0])
  const take = (ping: OpenPing): void => {
    const done = (): void => {
      ping.done()
      queue.shift()
      next()
    }
    queue.push({ ...ping, done })
    if (queue.length === 1) next()
  }
  return Object.create(core, { take: { value: take } }) as ServerCore
}

const unmarked: CreateCore = options =>
  createCore({ ...options, send: (reply, then) => options.send({ ...reply, pong: { ...reply.pong, redelivered: false } }, then) })

const otherContent: CreateCore = options =>
  createCore({
    ...options,
    send: (reply, then) =>
      options.send({ ...reply, pong: { ...reply.pong, padding: reply.pong.padding.repeat(reply.pong.attempt) } }, then),
  })

const forgetRefused: CreateCore = options =>
  createCore({ ...options, send: (reply, then) => options.send(reply, refused => refused ?? then()) })

const noMarkAfterRestart = changed(core => ({ take: ping => core.take({ ...ping, mayRepeat: false }) }))

const noTimeouts = changed(() => ({ tick: () => undefined }))

const dropWhenFull: CreateCore = options => {
  const core = createCore(options)
  const take = (ping: OpenPing): void => (core.isFull ? ping.done() : core.take(ping))
  return Object.create(core, { take: { value: take }, isFull: { value: false } }) as ServerCore
}

const PLAIN = { handshakes: [false, false], faults: 1 } as const
const ALONE = { handshakes: [false], faults: 2 } as const

describe('the exploration finds', () => {
  test.each<readonly [bug: string, options: WorldOptions, error: RegExp]>([
    ['an offset that is committed before the pong is sent', { ...PLAIN, createCore: commitBeforeSend }, /committed before the pong of/],
    ['a session whose time-out ends the server', { ...PLAIN, createCore: endAtTimeout }, /got no pong/],
    ['a stuck session that blocks all others', { ...PLAIN, stuck: 'a', createCore: oneAfterTheOther }, /the ping of b got no pong/],
    ['a repeated pong that is not marked', { ...PLAIN, createCore: unmarked }, /two pongs of \w are not marked/],
    ['a repeated pong that has other content', { ...PLAIN, createCore: otherContent }, /a pong of \w has other content/],
    ['a restart after which pongs are not marked', { ...PLAIN, createCore: noMarkAfterRestart }, /two pongs of \w are not marked/],
    ['a first commit that comes after the first record', { ...PLAIN, commitsStart: false }, /two pongs of \w are not marked/],
    ['a refused reply that is forgotten', { ...ALONE, createCore: forgetRefused }, /got no pong|committed 0 of 1/],
    ['a session that never ends', { ...ALONE, createCore: noTimeouts }, /does not end/],
    ['a ping that is dropped when the server is full', { ...PLAIN, maxOpen: 1, createCore: dropWhenFull }, /committed before the pong of/],
  ])('%s', (_, options, error) => expect(() => explore(() => new RoundTripWorld(options))).toThrow(error))
})
