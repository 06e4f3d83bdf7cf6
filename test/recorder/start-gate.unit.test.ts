import { expect, test } from 'vitest'
import type { PingRecorder, RequestedPing } from '../../src/server/recorder/ping-recorder.ts'
import { StartGate } from '../../src/server/recorder/start-gate.ts'
import { UnavailableError } from '../../src/transport/errors.ts'

const ping: RequestedPing = { id: '00000000-0000-4000-8000-000000000001', timestampMs: 1n, idGiven: true }

test('the start gate rejects pings until it is opened, one or many', async () => {
  const asked: unknown[] = []
  const recorder: PingRecorder = {
    record: async one => void asked.push(one),
    recordAll: async many => (asked.push(many), many.map(() => undefined)),
  }
  const gate = new StartGate(recorder)
  await expect(gate.record(ping)).rejects.toThrow(UnavailableError)
  expect((await gate.recordAll([ping, ping])).map(outcome => outcome?.constructor)).toEqual([UnavailableError, UnavailableError])
  expect(asked).toEqual([])
  gate.open()
  await gate.record(ping)
  expect(await gate.recordAll([ping, ping])).toEqual([undefined, undefined])
  expect(asked).toEqual([ping, [ping, ping]])
})
