import { Code, ConnectError } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'
import { RetryInfoSchema } from '../../../src/gen/google/rpc/error_details_pb.ts'
import { CancelMode, CommandState, LimitName, RefusalReason, RefusalSchema } from '../../../src/gen/semaphore/v1/semaphore_pb.ts'
import { PROTOCOLS } from '../../server/http-fixture.ts'
import { semaphoreClient, startSemaphoreFixture } from '../http-fixture.ts'

const payload = new TextEncoder().encode('This is a message.')
const errorOf = (call: Promise<unknown>): Promise<ConnectError> =>
  call.then(
    () => {
      throw new Error('the call succeeded')
    },
    error => ConnectError.from(error),
  )

describe.each(PROTOCOLS)('over %s', protocol => {
  test('a command is submitted, waits, runs and is finished', async () => {
    await using fixture = await startSemaphoreFixture()
    const client = semaphoreClient(fixture, protocol)
    const first = await client.submit({ resourceId: 'r', commandId: 'a', payload, priority: 3 })
    expect(first).toMatchObject({ resourceId: 'r', commandId: 'a', repeated: false, state: CommandState.RUNNING, place: 1n, token: 1n })
    const second = await client.submit({ resourceId: 'r', commandId: 'b', payload })
    expect(second).toMatchObject({ state: CommandState.WAITING, place: 2n })
    expect(second.token).toBeUndefined()
    expect(await client.submit({ resourceId: 'r', commandId: 'b', payload })).toMatchObject({ repeated: true, place: 2n })
    expect(await client.finish({ resourceId: 'r', commandId: 'a', token: 1n })).toMatchObject({
      state: CommandState.FINISHED,
      repeated: false,
      token: 1n,
    })
    expect(await client.finish({ resourceId: 'r', commandId: 'a' })).toMatchObject({ repeated: true })
    const { command, payload: read } = await client.getCommand({ commandId: 'b' })
    expect(command).toMatchObject({ state: CommandState.RUNNING, token: 2n, payloadBytes: 18n, resourceId: 'r' })
    expect(new TextDecoder().decode(read)).toBe('This is a message.')
  })

  test('a resource shows its limits, its holders and its queue, page by page', async () => {
    await using fixture = await startSemaphoreFixture()
    const client = semaphoreClient(fixture, protocol)
    const { limits } = await client.setLimits({ resourceId: 'r', leaseMs: 5_000n, rate: { count: 2, windowMs: 1_000n } })
    expect(limits).toMatchObject({ running: 1, waiting: 3, leaseMs: 5_000n, rate: { count: 2, windowMs: 1_000n } })
    for (const commandId of ['a', 'b', 'c']) await client.submit({ resourceId: 'r', commandId })
    const { resource } = await client.getResource({ resourceId: 'r' })
    expect(resource).toMatchObject({ running: 1n, waiting: 2n, lastPlace: 3n, lastToken: 1n, holders: [{ commandId: 'a', token: 1n }] })
    const page = await client.listQueue({ resourceId: 'r', pageSize: 1 })
    expect(page.commands.map(({ commandId }) => commandId)).toEqual(['b'])
    const rest = await client.listQueue({ resourceId: 'r', pageSize: 1, pageToken: page.nextPageToken })
    expect([rest.commands.map(({ commandId }) => commandId), rest.nextPageToken]).toEqual([['c'], ''])
    expect((await client.listResources({})).resources).toMatchObject([{ resourceId: 'r', waiting: 2n }])
    const reset = await client.setLimits({ resourceId: 'r', running: 2, reset: [LimitName.LEASE_MS, LimitName.RATE] })
    expect(reset.limits).toMatchObject({ running: 2, leaseMs: 0n })
    expect(reset.limits?.rate).toBeUndefined()
  })

  test('a lease is extended, and a cancellation waits for its holder', async () => {
    await using fixture = await startSemaphoreFixture()
    const client = semaphoreClient(fixture, protocol)
    await client.submit({ resourceId: 'r', commandId: 'a' })
    expect((await client.extend({ resourceId: 'r', commandId: 'a' })).leaseUntilMs).toBeUndefined()
    await client.setLimits({ resourceId: 'r', leaseMs: 60_000n })
    expect((await client.extend({ resourceId: 'r', commandId: 'a' })).leaseUntilMs).toBeGreaterThan(Date.now())
    const cancelling = await client.cancel({ resourceId: 'r', commandId: 'a', mode: CancelMode.CONFIRMED })
    expect(cancelling).toMatchObject({ state: CommandState.CANCELLING, token: 1n })
    expect(await client.finish({ resourceId: 'r', commandId: 'a' })).toMatchObject({ state: CommandState.CANCELLED })
    expect(await client.cancel({ resourceId: 'r', commandId: 'a' })).toMatchObject({ state: CommandState.CANCELLED, repeated: true })
  })

  test('a refusal has a code, a message and a detail for programs', async () => {
    await using fixture = await startSemaphoreFixture()
    const client = semaphoreClient(fixture, protocol)
    for (const commandId of ['a', 'b', 'c', 'd']) await client.submit({ resourceId: 'r', commandId })
    const full = await errorOf(client.submit({ resourceId: 'r', commandId: 'e' }))
    expect(full).toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: 'resource "r": got 3 waiting commands, expected fewer than 3; nothing was stored, try again with the same id',
    })
    expect(full.findDetails(RefusalSchema)).toMatchObject([{ reason: RefusalReason.QUEUE_FULL, limit: 3n, waiting: 3n }])
    expect(full.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(1n)
    expect(full.metadata.get('retry-after')).toBe('1')
    const stale = await errorOf(client.finish({ resourceId: 'r', commandId: 'a', token: 9n }))
    expect(stale).toMatchObject({ code: Code.FailedPrecondition })
    expect(stale.findDetails(RefusalSchema)).toMatchObject([{ reason: RefusalReason.STALE_TOKEN, token: 1n }])
    const waiting = await errorOf(client.finish({ resourceId: 'r', commandId: 'b' }))
    expect(waiting.findDetails(RefusalSchema)).toMatchObject([{ reason: RefusalReason.NOT_RUNNING, state: CommandState.WAITING }])
    await client.cancel({ resourceId: 'r', commandId: 'b' })
    const over = await errorOf(client.finish({ resourceId: 'r', commandId: 'b' }))
    expect(over).toMatchObject({ code: Code.FailedPrecondition })
    expect(over.findDetails(RefusalSchema)).toMatchObject([{ reason: RefusalReason.ALREADY_OVER, state: CommandState.CANCELLED }])
    expect(await errorOf(client.submit({ resourceId: 'other', commandId: 'a' }))).toMatchObject({ code: Code.AlreadyExists })
    expect(await errorOf(client.finish({ resourceId: 'r', commandId: 'none' }))).toMatchObject({ code: Code.NotFound })
    expect(await errorOf(client.getCommand({ commandId: 'none' }))).toMatchObject({ code: Code.NotFound })
    expect(await errorOf(client.getResource({ resourceId: 'none' }))).toMatchObject({ code: Code.NotFound })
    expect(await errorOf(client.listQueue({ resourceId: 'none' }))).toMatchObject({ code: Code.NotFound })
  })
})
