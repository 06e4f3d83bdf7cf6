import type { BrokerSettings } from '../config/settings.ts'
import type { Topics } from '../topics/topics.ts'

export interface AdminOptions {
  readonly topics: Topics
  readonly settings: BrokerSettings
  readonly clusterId: string
}
