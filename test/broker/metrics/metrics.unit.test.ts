import { describe, expect, test } from 'vitest'
import { errorCodesIn } from '../../../broker/error-codes.ts'
import { ERROR } from '../../../broker/errors.ts'
import { metricsText } from '../../../broker/metrics-text.ts'
import { BrokerMetrics, type BrokerView } from '../../../broker/metrics.ts'

const EMPTY: BrokerView = { connections: 0, topics: [], groups: new Map(), waitingFetches: 0 }

/** The lines of samples, without comments. */
function samples(metrics: BrokerMetrics, view: Partial<BrokerView> = {}): readonly string[] {
  return metricsText(metrics.families({ ...EMPTY, ...view }))
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
}

describe('the metrics of a broker', () => {
  test('count records and bytes by topic, in and out', () => {
    const metrics = new BrokerMetrics()
    metrics.produced('a', 2, 100)
    metrics.produced('a', 3, 50)
    metrics.produced('b', 1, 10)
    metrics.fetched('a', 5, 150)
    expect(samples(metrics)).toEqual(
      expect.arrayContaining([
        'ping_broker_records_in_total{topic="a"} 5',
        'ping_broker_bytes_in_total{topic="a"} 150',
        'ping_broker_records_in_total{topic="b"} 1',
        'ping_broker_records_out_total{topic="a"} 5',
        'ping_broker_bytes_out_total{topic="a"} 150',
      ]),
    )
  })

  test('omit a topic that was deleted', () => {
    const metrics = new BrokerMetrics()
    metrics.produced('a', 2, 100)
    metrics.fetched('a', 2, 100)
    metrics.forget('a')
    expect(samples(metrics).filter(line => line.includes('topic="a"'))).toEqual([])
  })

  test('count requests by duration, each in every bucket above it', () => {
    const metrics = new BrokerMetrics()
    for (const ms of [0.05, 1, 1.5, 60_000]) metrics.served('Produce', ms, {})
    const lines = samples(metrics)
    const bucket = (le: string): string | undefined => lines.find(line => line.includes(`le="${le}"`))?.split(' ')[1]
    expect([bucket('0.0001'), bucket('0.0005'), bucket('0.001'), bucket('0.002'), bucket('10'), bucket('+Inf')]).toEqual([
      '1',
      '1',
      '2',
      '3',
      '3',
      '4',
    ])
    expect(lines).toContain('ping_broker_request_seconds_count{api="Produce"} 4')
    const sum = Number(lines.find(line => line.startsWith('ping_broker_request_seconds_sum'))?.split(' ')[1])
    expect(sum).toBeCloseTo(60.00255, 5)
  })

  test('count the error codes of answers by API and name', () => {
    const metrics = new BrokerMetrics()
    const answer = {
      responses: [{ name: 'a', partitionResponses: [{ errorCode: ERROR.NONE }, { errorCode: ERROR.MESSAGE_TOO_LARGE }] }],
      errorCode: ERROR.NONE,
    }
    metrics.served('Produce', 1, answer)
    metrics.served('Produce', 1, answer)
    metrics.served('Fetch', 1, { errorCode: 4321 })
    metrics.served('Fetch', 1, undefined)
    expect(samples(metrics).filter(line => line.startsWith('ping_broker_errors'))).toEqual([
      'ping_broker_errors_total{api="Produce",error="MESSAGE_TOO_LARGE"} 2',
      'ping_broker_errors_total{api="Fetch",error="4321"} 1',
    ])
  })

  test('report the current state of the broker', () => {
    const metrics = new BrokerMetrics()
    metrics.connectionOpened()
    metrics.connectionOpened()
    const view = {
      connections: 1,
      topics: [{ name: 'a', partitions: 3, bytes: 77, records: 5n }],
      groups: new Map([['Stable', 2]]),
      waitingFetches: 4,
    }
    expect(samples(metrics, view)).toEqual(
      expect.arrayContaining([
        'ping_broker_connections 1',
        'ping_broker_connections_total 2',
        'ping_broker_partitions{topic="a"} 3',
        'ping_broker_log_bytes{topic="a"} 77',
        'ping_broker_log_records{topic="a"} 5',
        'ping_broker_groups{state="Stable"} 2',
        'ping_broker_waiting_fetches 4',
      ]),
    )
  })

  test('are printed with help and type, and with escaped labels', () => {
    const metrics = new BrokerMetrics()
    metrics.produced('a"\\\n', 1, 1)
    const text = metricsText(metrics.families(EMPTY))
    expect(text).toContain(
      '# HELP ping_broker_records_in_total Records appended\n# TYPE ping_broker_records_in_total counter\nping_broker_records_in_total{topic="a\\"\\\\\\n"} 1\n',
    )
    expect(text).toContain('# TYPE ping_broker_connections gauge\n')
    expect(text).toContain('# TYPE ping_broker_request_seconds histogram\n')
  })
})

describe('the error codes of a response', () => {
  test('are found in all its parts except records', () => {
    const answer = {
      errorCode: 0,
      responses: [
        {
          partitions: [
            { errorCode: 1, records: [Buffer.alloc(3)] },
            { errorCode: 0, abortedTransactions: null },
          ],
        },
      ],
      groups: [{ errorCode: 25, members: ['a'], metadata: Buffer.alloc(1) }],
    }
    expect(errorCodesIn(answer)).toEqual([1, 25])
    expect(errorCodesIn(undefined)).toEqual([])
    expect(errorCodesIn({ errorCode: 7 })).toEqual([7])
  })
})
