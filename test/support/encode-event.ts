import { create, toBinary } from '@bufbuild/protobuf'
import type { PingEvent } from '../../src/events/event.ts'
import { PingEventSchema } from '../../src/gen/ping/v1/ping_event_pb.ts'

/** The value of a record as any writer of protobuf makes it; the relay's own encoder is held against it. */
export function encode({ id: pingId, timestampMs, lane, seq, tag, previousTag }: PingEvent): Buffer {
  const bytes = toBinary(PingEventSchema, create(PingEventSchema, { pingId, timestampMs, lane, seq, tag, previousTag }))
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
