import { describe, expect, test } from 'vitest'
import { checkTopics, type Rules } from './check-topics.ts'
import { WrittenHistory } from './written-history.ts'

const brokenIn = (history: WrittenHistory, rules: Partial<Rules> = {}) =>
  checkTopics(history, { limitOf: () => 1, ...rules }).map(({ broken }) => broken)
const history = () => new WrittenHistory()
/** Two commands wait. */
const two = () => history().request('a').request('b')

describe("the outside checker of the semaphore's topics accepts", () => {
  test.each<[string, WrittenHistory, Partial<Rules>?]>([
    ['one command after the other', two().run('a', 1n).run('b', 2n), { patienceMs: 10 }],
    [
      'two at a time, finished in the other order',
      two().grant('a', 1n).grant('b', 2n).event('b').event('a').outcome('b', 2n).outcome('a', 1n),
      { limitOf: () => 2 },
    ],
    [
      'everything twice',
      two().request('a').run('a', 1n).run('a', 1n).request('b').run('b', 2n).event('a').event('b', { token: 2n }).outcome('b', 2n),
    ],
    ['a grant that is repeated after later ones', two().run('a', 1n).run('b', 2n).grant('a', 1n)],
    ['tokens with gaps', two().run('a', 5n).run('b', 90n)],
    [
      'finishes of strangers, which change nothing',
      two().event('b').grant('a', 1n).event('c').event('a', { token: 7n }).event('a').outcome('a', 1n).run('b', 2n),
    ],
    ['a higher priority that overtakes', two().request('c', { priority: 3 }).run('c', 1n).run('a', 2n).run('b', 3n)],
    [
      'a command that is cancelled while it waits',
      two().request('c').run('a', 1n).event('b', { event: 'cancel' }).outcome('b', undefined, { outcome: 'cancelled' }).run('c', 2n),
    ],
    [
      'a command that is cancelled while it runs',
      two().grant('a', 1n).event('a', { event: 'cancel' }).outcome('a', 1n, { outcome: 'cancelled' }).run('b', 2n),
    ],
    [
      'a command that is cancelled while it runs, and that its holder confirms',
      two()
        .grant('a', 1n)
        .event('a', { event: 'cancel', isImmediate: false })
        .outcome('a', 1n, { outcome: 'cancelling' })
        .event('a')
        .outcome('a', 1n, { outcome: 'cancelled' })
        .run('b', 2n),
    ],
    [
      'a cancellation that the end of the lease confirms',
      two()
        .grant('a', 1n, { leaseMs: 50 })
        .event('a', { event: 'cancel', isImmediate: false })
        .later(50)
        .outcome('a', 1n, { outcome: 'cancelled' })
        .run('b', 2n),
    ],
    ['a rate', two().request('c').run('a', 1n).run('b', 2n).later(1_000).run('c', 3n), { rateOf: () => ({ count: 2, windowMs: 1_000 }) }],
    ['a request that is refused', two().outcome('b', undefined, { outcome: 'refused', reason: 'full' }).run('a', 1n)],
    [
      'a lease that ends',
      two().grant('a', 1n, { leaseMs: 50 }).later(50).outcome('a', 1n, { outcome: 'expired' }).run('b', 2n).event('a', { token: 1n }),
    ],
    ['calls, whose order is unknown', history().request('a', { place: undefined }).request('b').run('b', 1n).run('a', 2n)],
    [
      'a slot that is free while a part is down',
      two().grant('a', 1n).event('a').outcome('a', 1n).later(500).run('b', 2n),
      { patienceMs: 100, outages: [{ fromMs: 0, toMs: 450 }] },
    ],
    [
      'a slot that is free while no command waits',
      history().request('a').run('a', 1n).later(500).request('b').run('b', 2n),
      { patienceMs: 100 },
    ],
  ])('%s', (_, written, rules) => expect(checkTopics(written, { limitOf: () => 1, ...rules })).toEqual([]))
})

describe("the outside checker of the semaphore's topics finds", () => {
  test.each<[string, string, WrittenHistory, Partial<Rules>?]>([
    ['a second command out at a limit of one', 'above the limit', two().grant('a', 1n).run('b', 2n).event('a').outcome('a', 1n)],
    [
      'a third at a limit of two',
      'above the limit',
      two()
        .request('c')
        .grant('a', 1n)
        .grant('b', 2n)
        .grant('c', 3n)
        .event('a')
        .event('b')
        .event('c')
        .outcome('a', 1n)
        .outcome('b', 2n)
        .outcome('c', 3n),
      { limitOf: () => 2 },
    ],
    [
      'a slot that an old token freed',
      'above the limit',
      two()
        .request('c')
        .grant('a', 1n, { leaseMs: 50 })
        .later(50)
        .outcome('a', 1n, { outcome: 'expired' })
        .grant('b', 2n)
        .event('a', { token: 1n })
        .run('c', 3n)
        .event('b')
        .outcome('b', 2n),
    ],
    [
      'a slot that a finish with a wrong token freed',
      'above the limit',
      two().grant('a', 5n).event('a', { token: 4n }).run('b', 6n).event('a').outcome('a', 5n),
    ],
    [
      'a slot that the finish of a waiting command freed',
      'above the limit',
      two().request('c').grant('a', 1n).event('c').run('b', 2n).event('a').outcome('a', 1n).run('c', 3n),
    ],
    [
      'a slot that another resource freed',
      'above the limit',
      two().grant('a', 1n).event('a', { resource: 'other' }).run('b', 2n).event('a').outcome('a', 1n),
    ],
    [
      'a lease that ended too early',
      'above the limit',
      two().grant('a', 1n, { leaseMs: 50 }).later(20).outcome('a', 1n, { outcome: 'expired' }).run('b', 2n),
    ],
    [
      'a slot that a cancellation freed before its holder confirmed it',
      'above the limit',
      two()
        .grant('a', 1n)
        .event('a', { event: 'cancel', isImmediate: false })
        .run('b', 2n)
        .event('a')
        .outcome('a', 1n, { outcome: 'cancelled' }),
    ],
    [
      'a finish after the lease had ended',
      'wrong outcome',
      history().request('a').grant('a', 1n, { leaseMs: 50 }).later(3_000).event('a', { token: 1n }).outcome('a', 1n),
    ],
    [
      'two grants in a window for one',
      'above the rate',
      two().run('a', 1n).later(400).run('b', 2n),
      { rateOf: () => ({ count: 1, windowMs: 20_000 }) },
    ],
    [
      'an extension that freed the slot',
      'above the limit',
      two().grant('a', 1n).event('a', { event: 'extend' }).run('b', 2n).event('a').outcome('a', 1n),
    ],
    ['a command with two tokens', 'granted twice', history().request('a').run('a', 1n).grant('a', 2n)],
    ['a command that was not requested', 'not requested', history().grant('a', 1n)],
    ['a value that changed', 'changed', history().request('a').grant('a', 1n, { value: 'other' }).event('a').outcome('a', 1n)],
    ['a duplicate with another value', 'duplicate differs', history().request('a').run('a', 1n).grant('a', 1n, { value: 'other' })],
    ['a token that does not grow', 'token fell', two().run('a', 2n).run('b', 2n)],
    [
      'a resource in two partitions',
      'partition',
      two()
        .run('a', 1n)
        .grant('b', 2n, { place: { partition: 1, offset: 1n } })
        .event('b')
        .outcome('b', 2n),
    ],
    ['a command that overtakes', 'out of turn', two().run('b', 1n).run('a', 2n)],
    [
      'a lower priority that overtakes',
      'out of turn',
      history().request('a', { priority: 3 }).request('b', { priority: 2 }).run('b', 1n).run('a', 2n),
    ],
    ['a command that never leaves the queue', 'stuck', two().run('a', 1n)],
    ['a command that only a call requested, and that never leaves the queue', 'stuck', history().request('a', { place: undefined })],
    ['a command that never ends', 'not ended', history().request('a').grant('a', 1n).event('a')],
    ['a command with two ends', 'ended twice', history().request('a').run('a', 1n).outcome('a', 1n, { outcome: 'expired' })],
    ['a finish while it waited', 'wrong outcome', history().request('a').event('a').outcome('a', undefined)],
    ['an outcome with another token', 'wrong outcome', history().request('a').grant('a', 1n).event('a').outcome('a', 2n)],
    ['an end that was not requested', 'wrong outcome', history().request('a').grant('a', 1n).outcome('a', 1n)],
    ['an end with the token of another', 'wrong outcome', history().request('a').grant('a', 1n).event('a', { token: 9n }).outcome('a', 1n)],
    ['an expiry without a lease', 'wrong outcome', history().request('a').grant('a', 1n).outcome('a', 1n, { outcome: 'expired' })],
    [
      'a cancellation that was not requested',
      'wrong outcome',
      history().request('a').grant('a', 1n).event('a').outcome('a', 1n, { outcome: 'cancelled' }),
    ],
    [
      'a slot that stays free while a command waits',
      'idle slot',
      two().grant('a', 1n).event('a').outcome('a', 1n).later(500).run('b', 2n),
      { patienceMs: 100 },
    ],
    [
      'a slot that stays free longer than the outage',
      'idle slot',
      two().grant('a', 1n).event('a').outcome('a', 1n).later(500).run('b', 2n),
      {
        patienceMs: 100,
        outages: [
          { fromMs: 0, toMs: 250 },
          { fromMs: 200, toMs: 300 },
        ],
      },
    ],
    [
      'one command out although two slots were freed',
      'idle slot',
      two()
        .request('c')
        .request('d')
        .grant('a', 1n)
        .grant('b', 2n)
        .event('a')
        .event('b')
        .outcome('a', 1n)
        .outcome('b', 2n)
        .grant('c', 3n)
        .later(500)
        .grant('d', 4n)
        .event('c')
        .event('d')
        .outcome('c', 3n)
        .outcome('d', 4n),
      { patienceMs: 100, limitOf: () => 2 },
    ],
  ])('%s (%s)', (_, broken, written, rules) => expect(brokenIn(written, rules)).toEqual([broken]))
})

test('the outside checker counts each resource on its own', () => {
  const other = { resource: 'other' }
  const written = two().grant('a', 1n).request('z', other).grant('z', 1n, other).event('z', other).outcome('z', 1n, other)
  expect(brokenIn(written.event('a').outcome('a', 1n).run('b', 2n))).toEqual([])
})
