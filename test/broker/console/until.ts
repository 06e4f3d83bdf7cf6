const PATIENCE_MS = 20_000

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`timed out waiting for ${condition.toString()}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
