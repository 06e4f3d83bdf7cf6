import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs'
import { guardIdleConnections } from '../../src/kafka/guard-idle-connections.ts'

/** A plain client, without what Ping adds, apart from the guard against kafkajs' idle polling. */
export function benchKafka(port: number): Kafka {
  guardIdleConnections()
  return new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
}

export function benchProducer(kafka: Kafka): Producer {
  return kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
}
