import kafkajs, { type Kafka } from 'kafkajs'
import type { CpuSeconds } from '../../measuring/cpu.ts'
import { readCpu } from '../../measuring/cpu.ts'
import type { Place } from './client-task.ts'

const { Kafka: KafkaClient, logLevel } = kafkajs

/** kafkajs with its defaults, except for its log. */
export function kafkaOf({ broker }: Place): Kafka {
  return new KafkaClient({ clientId: 'bench', brokers: [broker], logLevel: logLevel.NOTHING })
}

/** CPU seconds so far of this process and of the broker. */
export function cpuOf({ brokerPid }: Place): CpuSeconds | undefined {
  return readCpu({ client: process.pid, broker: brokerPid })
}
