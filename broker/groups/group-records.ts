import type { Logger } from '../../src/runtime/logger.ts'
import type { OffsetStore } from '../offsets/offset-store.ts'
import type { Clock } from './clock.ts'
import type { Coordinator } from './coordinator.ts'
import type { Group } from './group.ts'

/** Groups that had members are empty after a restart: members are not stored. */
export function restoreGroups(coordinator: Coordinator, store: OffsetStore, clock: Clock): void {
  for (const groupId of store.groups()) {
    const record = store.record(groupId)
    if (record) coordinator.restore(groupId, { ...record, emptySinceMs: record.emptySinceMs ?? clock.now() })
  }
}

/** Stores the generation for the next start. The group continues even if this fails. */
export function rememberGeneration(group: Group, store: OffsetStore, log: Logger): void {
  const { id, generation, protocolType = '', state, stateSinceMs, members } = group
  log.info({ group: id, generation, members: members.size }, 'new generation of a group')
  try {
    store.setRecord(id, { protocolType, generation, emptySinceMs: state === 'Empty' ? stateSinceMs : undefined })
  } catch (err) {
    log.warn({ err, group: id }, 'could not store the generation of a group')
  }
}
