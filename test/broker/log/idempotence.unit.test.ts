import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { diskFolder } from '../../../broker/log/disk-folder.ts'
import type { Folder } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { MAX_PRODUCERS, ProducerStates } from '../../../broker/log/producer-states.ts'
import { batchOf, logOn, refusal, temporaryPath, type LogUnderTest } from './log-fixture.ts'

const MAX_SEQUENCE = 2 ** 31 - 1

/** Sends a batch of this many records. Returns its offset, `again at` the offset for a duplicate, or the error code. */
function send(under: LogUnderTest, sequence: number, { count = 1, epoch = 0, id = 7 } = {}): string | number {
  const batch = batchOf({ values: Array.from({ length: count }, () => 'v'), producer: { id, epoch, sequence } })
  try {
    const { baseOffset, isDuplicate } = under.log.append(batch)
    return isDuplicate ? `again at ${baseOffset}` : Number(baseOffset)
  } catch {
    return refusal(() => under.log.append(batch)).code
  }
}

describe('an idempotent producer', () => {
  test('gets the original offset for a repeated batch, and nothing is written', () => {
    const under = logOn(memoryFolder())
    expect([
      send(under, 0, { count: 3 }),
      send(under, 3, { count: 2 }),
      send(under, 0, { count: 3 }),
      send(under, 3, { count: 2 }),
    ]).toEqual([0, 3, 'again at 0', 'again at 3'])
    expect(under.log.endOffset).toBe(5n)
  })

  test('may repeat its last five batches, but no older one', () => {
    const under = logOn(memoryFolder())
    for (let sequence = 0; sequence < 6; sequence++) send(under, sequence)
    expect([0, 1, 2, 3, 4, 5].map(sequence => send(under, sequence))).toEqual([
      ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER,
      'again at 1',
      'again at 2',
      'again at 3',
      'again at 4',
      'again at 5',
    ])
    expect(send(under, 6)).toBe(6)
  })

  test('must continue its sequence: a gap, an overlap and a batch that was split differently are refused', () => {
    const under = logOn(memoryFolder())
    send(under, 0, { count: 4 })
    const refused = [
      send(under, 5),
      send(under, 3),
      send(under, 2, { count: 4 }),
      send(under, 0, { count: 2 }),
      send(under, 0, { count: 5 }),
    ]
    expect(refused).toEqual(Array.from({ length: 5 }, () => ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER))
    expect(send(under, 4)).toBe(4)
    const batch = batchOf({ producer: { id: 7, epoch: 0, sequence: 9 } })
    expect(refusal(() => under.log.append(batch)).message).toBe('producer 7: got sequence 9, expected 5')
  })

  test('may start at any sequence if it is unknown', () => {
    expect(send(logOn(memoryFolder()), 1234)).toBe(0)
  })

  test('starts at 0 in a new epoch, and an older epoch is refused', () => {
    const under = logOn(memoryFolder())
    send(under, 0, { epoch: 3 })
    expect(send(under, 1, { epoch: 4 })).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(send(under, 1, { epoch: 3 })).toBe(1)
    expect(send(under, 0, { epoch: 5 })).toBe(2)
    expect([send(under, 2, { epoch: 3 }), send(under, 0, { epoch: 3 }), send(under, 1, { epoch: 4 })]).toEqual(
      Array.from({ length: 3 }, () => ERROR.INVALID_PRODUCER_EPOCH),
    )
    expect(send(under, 0, { epoch: 5 })).toBe('again at 2')
  })

  test('continues at 0 after the greatest sequence', () => {
    const under = logOn(memoryFolder())
    expect([send(under, MAX_SEQUENCE - 1, { count: 2 }), send(under, 0), send(under, MAX_SEQUENCE - 1, { count: 2 })]).toEqual([
      0,
      2,
      'again at 0',
    ])
    const across = logOn(memoryFolder())
    expect([
      send(across, MAX_SEQUENCE - 1, { count: 4 }),
      send(across, 1),
      send(across, 2),
      send(across, MAX_SEQUENCE - 1, { count: 4 }),
    ]).toEqual([0, ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, 4, 'again at 0'])
  })

  test('does not affect another producer', () => {
    const under = logOn(memoryFolder())
    expect([
      send(under, 0, { id: 1 }),
      send(under, 0, { id: 2 }),
      send(under, 1, { id: 1 }),
      send(under, 1, { id: 2 }),
      send(under, 0, { id: 1 }),
    ]).toEqual([0, 1, 2, 3, 'again at 0'])
  })

  test('is forgotten after being silent for too long', () => {
    const under = logOn(memoryFolder(), { producerIdExpirationMs: 100 })
    send(under, 0)
    under.nowMs += 99
    expect(send(under, 5)).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER)
    expect(send(under, 1)).toBe(1)
    under.nowMs += 99
    under.log.applyRetention()
    expect(send(under, 0)).toBe('again at 0')
    under.nowMs += 1
    expect(send(under, 50)).toBe(2)
    expect(send(under, 0)).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER)
    under.nowMs += 100
    under.log.applyRetention()
    under.nowMs = 0
    expect(send(under, 99)).toBe(3)
  })

  test('is not advanced by a refused batch', () => {
    const under = logOn(memoryFolder(), { maxMessageBytes: 100 })
    expect(send(under, 0)).toBe(0)
    expect(send(under, 1, { count: 50 })).toBe(ERROR.MESSAGE_TOO_LARGE)
    expect(send(under, 1)).toBe(1)
  })
})

describe('after a restart of the log', () => {
  const lose = (folder: Folder, ...endings: string[]): void => {
    for (const name of folder.names()) if (endings.some(ending => name.endsWith(ending))) folder.remove(name)
  }
  const restarts: Record<string, (under: LogUnderTest) => void> = {
    'that was clean': under => under.log.close(),
    'that was not clean': () => {},
    'without snapshots': under => {
      under.log.close()
      lose(under.folder, '.snapshot')
    },
    'without any index or snapshot': under => {
      under.log.close()
      lose(under.folder, '.snapshot', '.index')
    },
    'with a damaged snapshot': under => {
      under.log.close()
      const newest = under.folder
        .names()
        .filter(name => name.endsWith('.snapshot'))
        .toSorted()
        .at(-1)!
      const bytes = under.folder.readWhole(newest)!
      bytes[bytes.length >> 1]! ^= 1
      under.folder.replace(newest, bytes)
    },
  }

  test.each(Object.entries(restarts))('%s, producers are known as before', (_, stop) => {
    for (const segmentBytes of [200, 900, 100_000]) {
      const under = logOn(diskFolder(temporaryPath()), { segmentBytes })
      for (let sequence = 0; sequence < 8; sequence++) {
        send(under, sequence)
        send(under, 0, { id: 8, epoch: sequence })
      }
      stop(under)
      under.reopen()
      expect(under.log.findings.filter(finding => !/^the producer snapshot at offset \d+ is damaged/.test(finding))).toEqual([])
      expect([2, 3, 4, 5, 6, 7].map(sequence => send(under, sequence))).toEqual([
        ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER,
        'again at 6',
        'again at 8',
        'again at 10',
        'again at 12',
        'again at 14',
      ])
      expect(send(under, 0, { id: 8, epoch: 7 })).toBe('again at 15')
      expect(send(under, 1, { id: 8, epoch: 6 })).toBe(ERROR.INVALID_PRODUCER_EPOCH)
      expect(send(under, 9)).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER)
      expect(send(under, 8)).toBe(16)
      under.log.close()
    }
  })

  test('the last five batches are known from the snapshot and the records after it', () => {
    const under = logOn(memoryFolder(), { segmentBytes: 3 * batchOf({ values: ['v'] }).length })
    for (let sequence = 0; sequence < 5; sequence++) send(under, sequence)
    under.log.close()
    under.reopen()
    send(under, 5)
    under.reopen()
    expect([0, 1, 2, 3, 4, 5].map(sequence => send(under, sequence))).toEqual([
      ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER,
      'again at 1',
      'again at 2',
      'again at 3',
      'again at 4',
      'again at 5',
    ])
  })

  test('an older snapshot provides producers whose records were deleted if the newest is damaged', () => {
    const under = logOn(memoryFolder(), { segmentBytes: 2 * batchOf({ values: ['v'] }).length })
    send(under, 0, { id: 8 })
    for (let sequence = 0; sequence < 6; sequence++) send(under, sequence)
    under.log.deleteBefore(4n)
    const snapshots = under.folder
      .names()
      .filter(name => name.endsWith('.snapshot'))
      .toSorted()
    expect(snapshots).toHaveLength(2)
    under.folder.replace(snapshots.at(-1)!, 'damaged')
    under.reopen()
    expect([send(under, 0, { id: 8 }), send(under, 5), send(under, 1)]).toEqual(['again at 0', 'again at 6', 'again at 2'])
  })

  test('a batch that was lost is not treated as a duplicate', () => {
    const under = logOn(memoryFolder())
    for (let sequence = 0; sequence < 3; sequence++) send(under, sequence)
    under.log.close()
    const [name, bytes] = ['0'.repeat(20) + '.log', under.folder.readWhole('0'.repeat(20) + '.log')!]
    under.folder.replace(name, bytes.subarray(0, -1))
    under.reopen()
    expect(under.log.endOffset).toBe(2n)
    expect([send(under, 1), send(under, 2)]).toEqual(['again at 1', 2])
  })

  test('producers are known even if their records were deleted', () => {
    const under = logOn(memoryFolder(), { segmentBytes: 200, retentionBytes: 0 })
    for (let sequence = 0; sequence < 4; sequence++) send(under, sequence)
    under.log.applyRetention()
    expect(under.log.startOffset).toBe(4n)
    under.reopen()
    expect([send(under, 3), send(under, 5), send(under, 4)]).toEqual(['again at 3', ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER, 4])
  })

  test('beyond the limit, the producer that was silent longest is forgotten', () => {
    const states = new ProducerStates()
    const record = (id: number, sequence: number) => states.record(batchOf({ producer: { id, epoch: 0, sequence } }), 0, 1)
    record(0, 0)
    record(1, 0)
    record(0, 1)
    for (let id = 2; id <= MAX_PRODUCERS; id++) record(id, 0)
    expect(MAX_PRODUCERS).toBe(10_000)
    expect(states.size).toBe(MAX_PRODUCERS)
    expect(
      states
        .all()
        .map(({ producerId }) => producerId)
        .slice(0, 2),
    ).toEqual([0n, 2n])
    const more = { ...states.all()[0]!, producerId: -5n }
    expect(new ProducerStates([more, ...states.all()]).all()).toEqual(states.all())
  })

  test('a producer stays forgotten, and the time of its silence continues to count', () => {
    const under = logOn(memoryFolder(), { producerIdExpirationMs: 100 })
    send(under, 0)
    under.log.close()
    under.nowMs += 99
    under.reopen()
    expect(send(under, 5)).toBe(ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER)
    under.nowMs += 1
    expect(send(under, 5)).toBe(1)
  })
})
