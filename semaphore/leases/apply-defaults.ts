import type { WaitingResources } from '../store/next-due.ts'

const PAGE = 1_000

export interface ApplyDefaultsOptions {
  /** A page of the resources after this one, with those in which commands wait. */
  readonly page: (after: string, limit: number) => Promise<WaitingResources>
  /** Makes the grants that are due for these resources. */
  readonly touch: (resources: readonly string[]) => Promise<void>
  readonly signal: AbortSignal
}

/** The defaults may allow more than when an instance last ran: makes the grants that are due for that. Once after a start. */
export async function applyDefaults({ page, touch, signal }: ApplyDefaultsOptions): Promise<void> {
  for (let after: string | undefined = ''; after !== undefined && !signal.aborted;) {
    const { resources, next } = await page(after, PAGE)
    if (resources.length > 0) await touch(resources)
    after = next
  }
}
