import { Code, ConnectError } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'
import { codeName, describeFailure, isFinal, retryAfterMs } from '../../src/cli/client/failures.ts'
import { grouped, toJson } from '../../src/cli/output/output.ts'
import { renderProgress } from '../../src/cli/output/progress-bar.ts'
import { Latencies } from '../../src/cli/run/latencies.ts'
import { RetryInfoSchema } from '../../src/gen/google/rpc/error_details_pb.ts'

describe('the latencies of a run', () => {
  test('have percentiles to three digits', () => {
    const latencies = new Latencies()
    for (let ms = 1; ms <= 1_000; ms++) latencies.add(ms)
    const summary = latencies.summary()
    expect(summary?.p50).toBeCloseTo(500, -0.5)
    expect(summary?.p90).toBeCloseTo(900, -0.5)
    expect(summary?.p99).toBeCloseTo(990, -0.5)
    expect(summary?.max).toBeCloseTo(1_000, -0.5)
  })

  test('have a minimum of one microsecond and a maximum of one day', () => {
    const latencies = new Latencies()
    latencies.add(0)
    latencies.add(1e12)
    expect(latencies.summary()?.p50).toBe(0.001)
    expect(latencies.summary()?.max).toBeGreaterThanOrEqual(86_400_000)
  })

  test('have no summary if there are none', () =>
    expect([new Latencies().summary(), new Latencies().tail(), new Latencies().omitted()]).toEqual([undefined, undefined, 0]))

  test('have percentiles up to 99.99 %', () => {
    const latencies = new Latencies()
    latencies.add(1, 99_900)
    latencies.add(50, 90)
    latencies.add(200, 10)
    const { p50, p75, p999, p9999, max } = latencies.tail()!
    for (const [got, expected] of [
      [p50, 1],
      [p75, 1],
      [p999, 1],
      [p9999, 50],
      [max, 200],
    ] as const)
      expect(got / expected).toBeCloseTo(1, 2)
  })

  test('of a closed loop with a stall lack the pings that would have been sent during the stall', () => {
    const [steady, stalled] = [new Latencies(), new Latencies()]
    steady.add(1, 1_000)
    stalled.add(1, 999)
    stalled.add(1_000, 1)
    expect(steady.omitted()).toBe(0)
    expect(Math.abs(stalled.omitted() - 999)).toBeLessThan(20)
  })
})

describe('the progress bar', () => {
  test('shows share, count, rate and time left', () => {
    expect(renderProgress({ done: 2_500, all: 10_000, elapsedMs: 5_000 }, 120)).toBe(
      '██████░░░░░░░░░░░░░░░░░░  25%  2 500/10 000  500/s  15 s left',
    )
  })
  test('shows no time left before the first answer', () => {
    expect(renderProgress({ done: 0, all: 10, elapsedMs: 1_000 }, 120)).toContain('waiting for the first answer')
  })
  test('is full only at the end', () => {
    expect(renderProgress({ done: 999, all: 1_000, elapsedMs: 1_000 }, 120)).toContain(' 99%')
    expect(renderProgress({ done: 1_000, all: 1_000, elapsedMs: 1_000 }, 120)).toContain('100%')
  })
  test('of a run with a duration shows the share of the time', () => {
    expect(renderProgress({ done: 2_500, all: undefined, durationMs: 10_000, elapsedMs: 5_000 }, 120)).toBe(
      '████████████░░░░░░░░░░░░  50%  2 500  500/s  5 s left',
    )
    expect(renderProgress({ done: 75, all: 100, durationMs: 10_000, elapsedMs: 5_000 }, 120)).toContain(' 75%  75/100  15/s  1.7 s left')
  })
  test('never fills the whole line, which would wrap', () => {
    expect(renderProgress({ done: 1, all: 10, elapsedMs: 1_000 }, 20)).toHaveLength(19)
  })
})

describe('the JSON of pingcli', () => {
  test('writes 64-bit numbers with all their digits', () => {
    expect(toJson({ count: 2n ** 63n - 1n, list: [-1n], none: null })).toBe('{"count":9223372036854775807,"list":[-1],"none":null}')
  })
})

describe('a number in a report', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1 000'],
    [-1_234_567, '-1 234 567'],
  ])('%d is shown as %s', (value, text) => expect(grouped(value)).toBe(text))
})

describe('a failed call', () => {
  test('is reported with its causes, each once', () => {
    const refused = new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')])
    const error = new ConnectError('', Code.Unavailable, undefined, undefined, refused)
    expect(describeFailure(error)).toBe('unavailable: connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1')
    const same = new ConnectError('boom', Code.DeadlineExceeded, undefined, undefined, new Error('boom'))
    expect(describeFailure(same)).toBe('deadline_exceeded: boom')
    const broken = ConnectError.from(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }), Code.Aborted)
    expect(describeFailure(broken)).toBe('aborted: the connection broke before the whole answer was here')
  })

  test('has a pause from retry-after, in seconds', () => {
    const after = (text: string) => retryAfterMs(new ConnectError('full', Code.ResourceExhausted, { 'retry-after': text }))
    expect(after('2')).toBe(2_000)
    expect(after('0.25')).toBe(250)
    expect(after('soon')).toBeUndefined()
    expect(retryAfterMs(new ConnectError('full', Code.ResourceExhausted))).toBeUndefined()
  })

  test('has a pause from RetryInfo, in milliseconds, which overrides retry-after', () => {
    const detail = { desc: RetryInfoSchema, value: { retryDelay: { seconds: 1n, nanos: 250_000_000 } } }
    expect(retryAfterMs(new ConnectError('full', Code.ResourceExhausted, { 'retry-after': '2' }, [detail]))).toBe(1_250)
  })

  test.each([
    [Code.InvalidArgument, true],
    [Code.AlreadyExists, true],
    [Code.Unimplemented, true],
    [Code.Unavailable, false],
    [Code.DeadlineExceeded, false],
    [Code.ResourceExhausted, false],
    [Code.Internal, false],
    [Code.Canceled, false],
    [Code.Aborted, false],
  ])('with code %d is final: %s', (code, final) => expect(isFinal(new ConnectError('', code))).toBe(final))

  test.each(['got 20000 bytes', 'got more bytes', 'got more bytes after decompression'])('is final if the request is too long: %s', got =>
    expect(isFinal(new ConnectError(`request body: ${got}, expected at most 8208`, Code.ResourceExhausted))).toBe(true),
  )

  test('has the name of its code as Connect writes it', () => {
    expect(codeName(Code.DeadlineExceeded)).toBe('deadline_exceeded')
    expect(codeName(Code.Unavailable)).toBe('unavailable')
  })
})
