import type { Logger } from '../../src/runtime/logger.ts'
import type { OffsetStore } from '../offsets/offset-store.ts'
import { Alarm, type Clock } from './clock.ts'
import type { Coordinator } from './coordinator.ts'
import { findExpired } from './find-expired.ts'

export interface ExpiryOptions {
  readonly coordinator: Coordinator
  readonly store: OffsetStore
  readonly clock: Clock
  readonly retentionMs: number
  readonly everyMs: number
  readonly log: Logger
}

/** Removes expired offsets and empty groups at intervals. Returns a function that stops it. */
export function startExpiry(options: ExpiryOptions): () => void {
  const alarm = new Alarm(options.clock)
  const wait = (): void =>
    alarm.set(options.everyMs, () => {
      forgetExpired(options)
      wait()
    })
  wait()
  return () => alarm.clear()
}

function forgetExpired({ coordinator, store, clock, retentionMs, log }: ExpiryOptions): void {
  const groupIds = new Set([...store.groups(), ...coordinator.all().map(({ id }) => id)])
  for (const groupId of groupIds) {
    const { expired, isGone } = findExpired(store, groupId, coordinator.get(groupId), clock.now(), retentionMs)
    try {
      if (isGone) store.deleteGroup(groupId)
      else store.remove(groupId, expired)
    } catch (err) {
      log.warn({ err, group: groupId }, 'could not remove expired offsets')
      continue
    }
    if (isGone) coordinator.delete(groupId)
    if (isGone || expired.length > 0) log.info({ group: groupId, offsets: expired.length, isGone }, 'removed expired offsets')
  }
}
