import { EventEmitter } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { HttpRequest } from '../../src/runtime/answer-page.ts'
import { readWholeBody } from '../../src/transport/http/routes/read-whole-body.ts'

const BYTES = 200_000

test('a body that arrives in single bytes is kept as bytes, not as an object for each', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
  }
  const request = Object.assign(new EventEmitter(), { headers: {} })
  const body = readWholeBody(request as unknown as HttpRequest, BYTES)
  const before = held()
  for (let at = 0; at < BYTES; at++) request.emit('data', Buffer.from([at % 256]))
  expect((held() - before) / BYTES).toBeLessThan(10)
  request.emit('end')
  expect(Buffer.compare((await body) as Uint8Array, Buffer.from(Array.from({ length: BYTES }, (_, at) => at % 256)))).toBe(0)
})
