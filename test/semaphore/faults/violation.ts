/** What is wrong, by the promise that it breaks. */
export type Broken =
  | 'not requested'
  | 'changed'
  | 'granted twice'
  | 'duplicate differs'
  | 'token fell'
  | 'partition'
  | 'above the limit'
  | 'out of turn'
  | 'stuck'
  | 'not ended'
  | 'ended twice'
  | 'wrong outcome'
  | 'idle slot'
  | 'above the rate'

export interface Violation {
  readonly broken: Broken
  readonly text: string
}

/** A violation that concerns one command. */
export function violationOf({ resource, commandId }: { resource: string; commandId: string }, broken: Broken, what: string): Violation {
  return { broken, text: `${broken}: ${resource}/${commandId} ${what}` }
}
