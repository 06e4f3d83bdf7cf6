import type { Cancel, Extend, Finish, SetLimits, Submit } from '../../semaphore/terms/step.ts'

export const submit = (commandId: string, more: Partial<Submit> = {}): Submit => ({
  kind: 'submit',
  resource: 'r',
  commandId,
  payload: Buffer.from(`payload of ${commandId}`),
  ...more,
})
export const finish = (commandId: string, more: Partial<Finish> = {}): Finish => ({ kind: 'finish', resource: 'r', commandId, ...more })
export const extend = (commandId: string, more: Partial<Extend> = {}): Extend => ({ kind: 'extend', resource: 'r', commandId, ...more })
export const cancel = (commandId: string, more: Partial<Cancel> = {}): Cancel => ({
  kind: 'cancel',
  resource: 'r',
  commandId,
  when: 'now',
  ...more,
})
export const limits = (more: Partial<SetLimits>): SetLimits => ({ kind: 'limits', resource: 'r', ...more })
