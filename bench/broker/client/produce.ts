import kafkajs, { type Producer } from 'kafkajs'
import { cpuBetween } from '../../measuring/cpu.ts'
import { LatencyHistogram } from '../../measuring/statistics.ts'
import type { ClientResult, ProduceTask } from './client-task.ts'
import { cpuOf, kafkaOf } from './kafka.ts'
import { valueOf } from './record-value.ts'

const ALL_REPLICAS = -1

/** Sends one batch after the other, each when the previous one is acknowledged. */
export async function produce(task: ProduceTask): Promise<ClientResult> {
  const producer = kafkaOf(task.place).producer({
    idempotent: task.isIdempotent,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  try {
    return await load(producer, task)
  } finally {
    await producer.disconnect()
  }
}

async function load(producer: Producer, task: ProduceTask): Promise<ClientResult> {
  const { place, recordsPerSend, firstNumber, warmUpMs, measureMs, leastRecords } = task
  let number = firstNumber
  const sendFor = async (ms: number, least: number): Promise<LatencyHistogram> => {
    const latencies = new LatencyHistogram()
    const endAt = performance.now() + ms
    while (performance.now() < endAt || number - firstNumber < least) {
      const messages = Array.from({ length: recordsPerSend }, () => ({ partition: 0, value: valueOf(number++) }))
      const sentAt = performance.now()
      await producer.send({ topic: place.topic, acks: ALL_REPLICAS, messages })
      latencies.add((performance.now() - sentAt) * 1000)
    }
    return latencies
  }
  await sendFor(warmUpMs, 0)
  const [before, startedAt, warmUpEnd] = [cpuOf(place), performance.now(), number]
  const latencies = await sendFor(measureMs, leastRecords)
  const [measuredMs, after] = [performance.now() - startedAt, cpuOf(place)]
  return {
    records: number - firstNumber,
    measured: number - warmUpEnd,
    measuredMs,
    cpu: before && after && cpuBetween(before, after),
    latencies: latencies.toJSON(),
  }
}
