import { expect, test } from 'vitest'
import { verifyStore } from '../../../semaphore/store/verify.ts'
import { finish, limits, submit } from '../test-steps.ts'
import { describeStore } from './store-fixture.ts'

describeStore("the check of the semaphore's rows", store => {
  test.each([
    ['a row of the queue is lost', "delete from waiting where command_id = 'd'", 'waiting commands'],
    ['a slot is lost', "delete from slots where command_id = 'b'", 'a command in no final state'],
    ['a slot is left of a finished command', "update commands set state = 4 where command_id = 'b'", 'a waiting row and a slot'],
    ['a token is given twice', "update commands set token = 2 where command_id = 'a'", 'a token is given once'],
    ['a place is given twice', "update commands set place = 2 where command_id = 'a'", 'places are'],
    ['a search starts too late', 'update resources set first_token = 3', 'every waiting command and every slot'],
    ['a total is wrong', 'update totals set expired = expired + 1', 'the totals'],
    ['a row of the outbox is lost', 'delete from outbox where seq = 2', 'the outbox'],
  ])('finds that %s', async (_, damage, rule) => {
    await store().run(limits({ running: 2 }), submit('a'), submit('b'), submit('c'), submit('d'))
    await store().run(finish('a'))
    expect(await verifyStore(store().client)).toEqual([])
    await store().rows(damage)
    const found = await verifyStore(store().client)
    expect(found.some(each => each.rule.startsWith(rule))).toBe(true)
  })
})
