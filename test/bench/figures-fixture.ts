import type { Figures } from '../../bench/figures.ts'

/** The figures of a run that measured nothing. */
export const nothing: Figures = {
  at: '',
  tookSeconds: 0,
  usedByOthers: undefined,
  options: { broker: 'ours', natsServer: undefined, pgmqSql: undefined, seconds: 1, connections: [], only: [], turns: 1, poolSizes: [], warmUpMs: 0, countConnections: [], countRows: 0, processorEvents: 0, freshnessShare: 1, restMs: 0, profileDir: undefined },
  machine: { broker: '', cache: '', cpu: '', cores: 0, memoryGiB: 0, system: '', node: '', postgres: '', fsync: '', synchronousCommit: '', kafka: '' },
  poolSearch: undefined,
  pings: [],
  bulk: undefined,
  counts: undefined,
  processor: undefined,
  freshness: undefined,
  start: undefined,
  profiles: undefined,
  invalid: [],
}
