import { defineApi } from '../api.ts'
import { since, tagged } from '../schema.ts'
import { array, int16, int32, int64, int8, nullable, records, string, struct } from '../types.ts'

export const fetch = defineApi({
  name: 'Fetch',
  key: 1,
  versions: [4, 12],
  flexibleFrom: 12,
  request: {
    clusterId: tagged(0, 12, nullable(string)),
    replicaId: int32,
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: since(3, int32, { absent: 0x7fff_ffff }),
    isolationLevel: since(4, int8),
    sessionId: since(7, int32),
    sessionEpoch: since(7, int32, { absent: -1 }),
    topics: array({
      topic: string,
      partitions: array({
        partition: int32,
        currentLeaderEpoch: since(9, int32, { absent: -1 }),
        fetchOffset: int64,
        lastFetchedEpoch: since(12, int32, { absent: -1 }),
        logStartOffset: since(5, int64, { absent: -1n }),
        partitionMaxBytes: int32,
      }),
    }),
    forgottenTopicsData: since(7, array({ topic: string, partitions: array(int32) })),
    rackId: since(11, string),
  },
  response: {
    throttleTimeMs: since(1, int32),
    errorCode: since(7, int16),
    sessionId: since(7, int32),
    responses: array({
      topic: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: int64,
        lastStableOffset: since(4, int64, { absent: -1n }),
        logStartOffset: since(5, int64, { absent: -1n }),
        divergingEpoch: tagged(0, 12, struct({ epoch: int32, endOffset: int64 }), { absent: { epoch: -1, endOffset: -1n } }),
        currentLeader: tagged(1, 12, struct({ leaderId: int32, leaderEpoch: int32 }), { absent: { leaderId: -1, leaderEpoch: -1 } }),
        snapshotId: tagged(2, 12, struct({ endOffset: int64, epoch: int32 }), { absent: { endOffset: -1n, epoch: -1 } }),
        abortedTransactions: since(4, nullable(array({ producerId: int64, firstOffset: int64 }))),
        preferredReadReplica: since(11, int32, { absent: -1 }),
        records: nullable(records),
      }),
    }),
  },
})
