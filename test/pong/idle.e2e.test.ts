import { expect, test } from 'vitest'
import { wait } from '../../src/runtime/wait.ts'
import { sharedKafka } from '../support/kafka.ts'
import { keepLogsOnFailure } from '../support/programs.ts'
import { createPlace } from './pong-fixture.ts'

keepLogsOnFailure()

/** Longer than a server waits for an answer without records. */
const REST_MS = 2_500
/** Of a core. Measured: 0.01; 0.17 without the waiting for new records. */
const MAX_SHARE = 0.06

test('a server with nothing to answer waits for Kafka instead of asking again and again', async ({ onTestFinished }) => {
  const place = await createPlace(await sharedKafka(), { onEnd: onTestFinished })
  const [client, server] = await Promise.all([place.client(), place.server('a')])
  await client.roundTrip() // what a first ping loads is not counted
  const [before, startedMs] = [await server.metric('process_cpu_seconds_total'), performance.now()]
  await wait(REST_MS)
  const seconds = (performance.now() - startedMs) / 1_000
  expect(((await server.metric('process_cpu_seconds_total')) - before) / seconds).toBeLessThan(MAX_SHARE)
})
