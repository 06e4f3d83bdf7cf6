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

describe('an injected fault', () => {
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
  /** The base offset, the error code, or the fact that the connection was closed. */
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

  test('drop: the answer never arrives, the request was served, and the next answer is correct', async () => {
    broker.faults.plan('Produce', { kind: 'drop' })
    connection.send(produce, 7, request())
    expect(await send()).toBe(1) // the answer to the second request, by its number: a broker answers in order
    expect(broker.faults.pending).toBe(0)
  })

  test('delay: the answer arrives late', async () => {
    broker.faults.plan('Produce', { kind: 'delay', ms: SHORT_MS })
    const before = performance.now()
    expect(await send()).toBe(0)
    expect(performance.now() - before).toBeGreaterThanOrEqual(SHORT_MS - 1)
  })

  test('close: the request is served and the connection closed; refuse: it is closed without serving', async () => {
    broker.faults.plan('Produce', { kind: 'close' })
    broker.faults.plan('Produce', { kind: 'refuse' })
    expect(await send()).toBe(CLOSED)
    await reconnect()
    expect(await send()).toBe(CLOSED)
    await reconnect()
    expect(await send()).toBe(1)
  })

  test('error: the code is answered once, for every part of the request, and nothing is done', async () => {
    broker.faults.plan('Produce', { kind: 'error', code: ERROR.NOT_LEADER_OR_FOLLOWER })
    expect(await send()).toBe(`error ${ERROR.NOT_LEADER_OR_FOLLOWER}`)
    expect(await send()).toBe(0)
  })

  test('error: the code is also answered by APIs without partitions', async () => {
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

  test('hits the requests of its API in the planned order, and lets the planned number pass', async () => {
    broker.faults.plan('Produce', { kind: 'error', code: ERROR.NOT_LEADER_OR_FOLLOWER }, { skip: 1 })
    broker.faults.plan('Produce', { kind: 'error', code: ERROR.KAFKA_STORAGE_ERROR })
    expect([await send(), await send(), await send(), await send()]).toEqual([
      0,
      `error ${ERROR.NOT_LEADER_OR_FOLLOWER}`,
      `error ${ERROR.KAFKA_STORAGE_ERROR}`,
      1,
    ])
  })

  test('a broker restarted on the same folder has the same records', async () => {
    expect(await send()).toBe(0)
    const { clusterId } = broker
    broker = await broker.restart()
    expect(broker.clusterId).toBe(clusterId)
    await reconnect()
    expect(await send()).toBe(1)
  })
})
