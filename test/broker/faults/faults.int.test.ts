import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../../broker/broker.ts'
import { ERROR } from '../../../broker/errors.ts'
import { findCoordinator, heartbeat, metadata, produce } from '../../../broker/wire/tables/index.ts'
import { freePort } from '../../../local/launch/free-port.ts'
import { createLogger } from '../../../src/runtime/logger.ts'
import { batch } from '../conformance/batches.ts'
import { CLOSED, RawConnection } from '../conformance/raw-connection.ts'

const TOPIC = 'faults'
const SHORT_MS = 100

describe('faults on purpose', () => {
  let broker: Broker
  let connection: RawConnection
  let folder: string
  let brokers: string

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ping-test-faults-'))
    brokers = `127.0.0.1:${await freePort()}`
    broker = await Broker.start({
      config: { listeners: `PLAINTEXT://${brokers}`, 'log.dirs': folder },
      log: createLogger({ name: 'broker', level: 'silent' }),
    })
    connection = await RawConnection.open(brokers)
    await connection.ask(metadata, 9, { topics: [{ name: TOPIC }] })
  })
  afterEach(async () => {
    connection.close()
    await broker.stop()
    rmSync(folder, { recursive: true })
  })

  const request = () => ({ acks: -1, timeoutMs: 1_000, topicData: [{ name: TOPIC, partitionData: [{ index: 0, records: [batch()] }] }] })
  /** The base offset, or the error code, or that the connection was closed. */
  const send = async () => {
    const answer = await connection.ask(produce, 7, request())
    if (answer === CLOSED) return CLOSED
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
    return errorCode === ERROR.NONE ? Number(baseOffset) : `error ${errorCode}`
  }
  const reconnect = async () => {
    connection.close()
    connection = await RawConnection.open(brokers)
  }

  test('a dropped answer never comes, the request was served, and the next answer is right', async () => {
    broker.faults.plan('Produce', { kind: 'drop' })
    connection.send(produce, 7, request())
    await expect(connection.frame(SHORT_MS)).rejects.toThrow('no answer')
    await reconnect()
    expect(await send()).toBe(1)
    expect(broker.faults.pending).toBe(0)
  })

  test('a delayed answer comes late', async () => {
    broker.faults.plan('Produce', { kind: 'delay', ms: SHORT_MS })
    const before = performance.now()
    expect(await send()).toBe(0)
    expect(performance.now() - before).toBeGreaterThanOrEqual(SHORT_MS - 1)
  })

  test('close serves the request and hangs up, refuse hangs up without', async () => {
    broker.faults.plan('Produce', { kind: 'close' })
    broker.faults.plan('Produce', { kind: 'refuse' })
    expect(await send()).toBe(CLOSED)
    await reconnect()
    expect(await send()).toBe(CLOSED)
    await reconnect()
    expect(await send()).toBe(1)
  })

  test('an error code is answered once, for all that was asked, and nothing is done', async () => {
    broker.faults.plan('Produce', { kind: 'error', code: ERROR.NOT_LEADER_OR_FOLLOWER })
    expect(await send()).toBe(`error ${ERROR.NOT_LEADER_OR_FOLLOWER}`)
    expect(await send()).toBe(0)
  })

  test('an error code has its place in answers without partitions too', async () => {
    broker.faults.plan('Heartbeat', { kind: 'error', code: ERROR.REBALANCE_IN_PROGRESS })
    broker.faults.plan('FindCoordinator', { kind: 'error', code: ERROR.COORDINATOR_LOAD_IN_PROGRESS })
    broker.faults.plan('Metadata', { kind: 'error', code: ERROR.LEADER_NOT_AVAILABLE })
    expect(await connection.ask(heartbeat, 3, { groupId: 'g', generationId: 1, memberId: 'm' })).toMatchObject({
      errorCode: ERROR.REBALANCE_IN_PROGRESS,
    })
    expect(await connection.ask(findCoordinator, 2, { key: 'g' })).toMatchObject({ errorCode: ERROR.COORDINATOR_LOAD_IN_PROGRESS })
    expect(await connection.ask(metadata, 9, { topics: [{ name: TOPIC }] })).toMatchObject({
      topics: [{ errorCode: ERROR.LEADER_NOT_AVAILABLE, name: TOPIC }],
    })
  })

  test('faults hit the requests of their API in the order of planning, and let pass what they are told to', async () => {
    broker.faults.plan('Produce', { kind: 'error', code: ERROR.NOT_LEADER_OR_FOLLOWER }, { skip: 1 })
    broker.faults.plan('Produce', { kind: 'error', code: ERROR.KAFKA_STORAGE_ERROR })
    expect([await send(), await send(), await send(), await send()]).toEqual([
      0,
      `error ${ERROR.NOT_LEADER_OR_FOLLOWER}`,
      `error ${ERROR.KAFKA_STORAGE_ERROR}`,
      1,
    ])
  })

  test('restarted on the same folder it is where it was', async () => {
    expect(await send()).toBe(0)
    const { clusterId } = broker
    broker = await broker.restart()
    expect(broker.clusterId).toBe(clusterId)
    await reconnect()
    expect(await send()).toBe(1)
  })
})
