import { randomBytes } from 'node:crypto'
import { fromBinary } from '@bufbuild/protobuf'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PingEventSchema } from '../../src/gen/ping/v1/ping_event_pb.ts'
import { uuidV7 } from '../../src/runtime/uuid-v7.ts'
import { toTraceparent, type SpanContext } from '../../src/tracing/trace-context.ts'
import { kafkaKindsAtDepth, startKafka, type TestKafka } from '../support/kafka.ts'
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { readRecords, type FoundRecord } from '../support/read-topic.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'

const LIMIT_MS = 60_000
const LATE_MS = 20_000
/** With ticks 20 s apart, two in a row do not meet one. */
const TRIES = 3
/** Two programs on one machine. */
const CLOCKS_DIFFER_MS = 100
const [CLIENT, PRODUCER, CONSUMER, SERVER] = [3, 4, 5, 2]

keepLogsOnFailure()

/** A ping and its caller's span. */
interface Traced {
  readonly caller: SpanContext
  readonly id: string
}

/** A caller's span, of a new trace. */
const newCaller = (): SpanContext => ({ traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), isSampled: true })

const idOf = ({ value }: FoundRecord) => fromBinary(PingEventSchema, value ?? new Uint8Array()).pingId

describe.each(kafkaKindsAtDepth())('the trace of a ping, from a caller to the cache (%s)', { timeout: 5 * LIMIT_MS }, kind => {
  let receiver: OtlpReceiver
  let ping: WholePing
  let ownKafka: TestKafka | undefined
  beforeAll(async () => {
    receiver = await startOtlpReceiver()
    if (kind === "Ping's broker") ownKafka = await startKafka(kind)
    // Only the traces of callers: so nothing but what the test sends is recorded.
    const settings = {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    }
    ping = await startPing({
      kafka: kind,
      ...(ownKafka && { brokers: ownKafka.brokers }),
      serverSettings: settings,
      // On a busy machine a tick would count a ping from Postgres before its record has come.
      processorSettings: { ...settings, TICK_INTERVAL_MS: String(LATE_MS) },
    })
    // Until it is in its group, catch-ups count the pings.
    await until('the processor counts by events', async () => (await send(), (await verdicts('accepted')) > 0), LIMIT_MS)
  }, 3 * LIMIT_MS)
  afterAll(async () => {
    await ping.stop()
    await ownKafka?.stop()
    await receiver.stop()
  })

  /** Sends a ping as curl does; resolves with its id. */
  async function send(caller?: SpanContext): Promise<string> {
    const pingId = uuidV7()
    const response = await fetch(`${ping.servers[0]!.url}/ping.v1.PingService/Ping`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(caller && { traceparent: toTraceparent(caller) }) },
      body: JSON.stringify({ pingId }),
    })
    expect([response.status, await response.text()]).toEqual([200, '{}'])
    return pingId
  }
  const verdicts = async (verdict: string) => {
    const text = await (await fetch(`${ping.processors[0]!.url}/metrics`)).text()
    return Number(new RegExp(`verdict="${verdict}"} (\\d+)`).exec(text)?.[1] ?? 0)
  }
  const spansOf = ({ traceId }: SpanContext) => receiver.spans.filter(span => span.traceId === traceId)
  /** Each program sends its spans when it likes: those of the processor may come first. */
  const nameOf = (operation: string) => `${operation} ${ping.place.topic}`
  const ofEachPing = () => ['ping.v1.PingService/Ping', ...['publish', 'process'].map(nameOf)]
  /** Of pings at once, only one trace has these: they are of a whole batch, send or flush. */
  const shared = () => ['record batch', ...['send', 'flush'].map(nameOf)]
  /** Sends as many pings at once, each with a trace of its own, until each trace is whole. A tick that counts one first cuts its trace short. */
  async function sendTraced(pings: number): Promise<readonly Traced[]> {
    for (let tries = 1; ; tries++) {
      const sent = await Promise.all(Array.from({ length: pings }, newCaller).map(async caller => ({ caller, id: await send(caller) })))
      const names = pings === 1 ? [...ofEachPing(), ...shared()] : ofEachPing()
      const missing = () => sent.flatMap(({ caller }) => names.filter(name => !spansOf(caller).some(span => span.name === name)))
      try {
        await until('the spans of both programs are in the traces', () => missing().length === 0, LATE_MS)
        return sent
      } catch (cause) {
        if (tries === TRIES) throw new Error(`missing: ${missing().join(', ')}`, { cause })
      }
    }
  }
  const recordOf = async (pingId: string) => (await readRecords(ping.place.brokers, ping.place.topic)).find(each => idOf(each) === pingId)!
  const traceparentOf = ({ headers }: FoundRecord) => headers?.['traceparent'] && String(headers['traceparent'])

  test('shows the call, its batch, the send to Kafka, the processor and the flush', async () => {
    const untraced = await send()
    const [{ caller, id: traced }] = (await sendTraced(1)) as [Traced]
    const one = (name: string): ReceivedSpan => {
      const found = spansOf(caller).filter(span => span.name === name)
      expect(found, name).toHaveLength(1)
      return found[0]!
    }
    const call = one('ping.v1.PingService/Ping')
    const parts = ['record batch', nameOf('send'), nameOf('publish'), nameOf('process'), nameOf('flush')].map(one)
    expect([call.kind, ...parts.map(({ kind: of }) => of)]).toEqual([SERVER, CLIENT, PRODUCER, PRODUCER, CONSUMER, CONSUMER])
    expect([call, ...parts].map(({ service }) => service)).toEqual([...Array(4).fill('ping-server'), ...Array(2).fill('ping-processor')])
    expect(call.parentSpanId).toBe(caller.spanId)
    expect(parts.map(({ parentSpanId }) => parentSpanId)).toEqual(parts.map(() => call.spanId))
    expect(spansOf(caller)).toHaveLength(6)
    const [batch, sent, published, processed, flushed] = parts as [ReceivedSpan, ...ReceivedSpan[]]
    expect(published!.links.map(({ spanId }) => spanId)).toEqual([sent!.spanId])
    expect(processed!.links.map(({ spanId }) => spanId)).toEqual([flushed!.spanId])
    expect(sent!.startMs).toBeGreaterThanOrEqual(batch.startMs)
    expect(flushed!.endMs).toBeGreaterThan(sent!.startMs - CLOCKS_DIFFER_MS)
    const places = [published!, processed!].map(({ attributes }) => [attributes['ping.lane'], attributes['ping.seq']])
    expect(places[0]).toEqual(places[1])
    expect(traceparentOf(await recordOf(traced))).toBe(toTraceparent({ ...caller, spanId: call.spanId }))
    expect(Object.keys((await recordOf(untraced)).headers ?? {})).toEqual([])
  })

  test('shows the processor and the flush once, although the record comes again', async () => {
    const [{ caller: first, id }] = (await sendTraced(1)) as [Traced]
    const { partition, value, headers } = await recordOf(id)
    const kafka = new Kafka({ brokers: [ping.place.brokers], logLevel: logLevel.NOTHING })
    const producer = kafka.producer()
    const before = await verdicts('duplicate')
    await producer.connect()
    for (let again = 0; again < 3; again++) {
      await producer.send({ topic: ping.place.topic, messages: [{ partition, value, ...(headers && { headers }) }] })
    }
    await producer.disconnect()
    await until('the processor has read them', async () => (await verdicts('duplicate')) >= before + 3, LIMIT_MS)
    await sendTraced(1) // what the processor recorded before has arrived, too
    expect(spansOf(first).filter(({ service }) => service === 'ping-processor')).toHaveLength(2)
  })

  test('of several pings at once each show the whole way, and links join what they shared', async () => {
    const callers = (await sendTraced(20)).map(({ caller }) => caller)
    const flushes = receiver.spans.filter(({ name }) => name === nameOf('flush')).map(({ spanId }) => spanId)
    for (const caller of callers) {
      const own = spansOf(caller)
      const [publish, process] = [nameOf('publish'), nameOf('process')].map(name => own.filter(span => span.name === name))
      expect([publish!.length, process!.length]).toEqual([1, 1])
      expect(flushes).toContain(process![0]!.links[0]!.spanId)
    }
  })

  test.runIf(kind === "Ping's broker")(
    'ends at the server if that is killed before it has sent the ping; the ping is counted, and its record has no header',
    async () => {
      const lost = newCaller()
      const [server] = ping.servers
      await ownKafka!.kill9()
      const pingId = await send(lost)
      await server!.kill9()
      await ownKafka!.restart()
      await server!.start()
      await server!.untilReady()
      expect(await ping.verify('60s')).toContain('OK')
      const record = await recordOf(pingId)
      expect([idOf(record), Object.keys(record.headers ?? {})]).toEqual([pingId, []])
      await sendTraced(1)
      expect(spansOf(lost).filter(({ service }) => service === 'ping-processor')).toEqual([])
    },
  )
})
