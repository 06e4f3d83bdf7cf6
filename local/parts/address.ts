import type { PartName } from '../part.ts'

/** Where a part is found. */
export interface Address {
  readonly name: PartName | 'console'
  readonly address: string
  /** Which program it is, where there is a choice. */
  readonly kind?: string
}
