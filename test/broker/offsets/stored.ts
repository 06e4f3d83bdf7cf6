import type { OffsetStore } from '../../../broker/offsets/offset-store.ts'

/** The whole content of a store, for comparisons. */
export function contentOf(store: OffsetStore): Record<string, unknown> {
  return Object.fromEntries(
    store
      .groups()
      .toSorted()
      .map(group => [
        group,
        {
          record: store.record(group),
          offsets: [...store.all(group)]
            .flatMap(([topic, partitions]) => [...partitions].map(([partition, { offset }]) => `${topic}-${partition}: ${offset}`))
            .toSorted(),
        },
      ]),
  )
}
