/** A step that Ping's broker answers otherwise than Apache Kafka, on purpose. */
export interface Difference {
  readonly chapter: string
  /** The title of the step. */
  readonly step: string
  /** What Ping's broker answers, made of what Kafka answers. */
  readonly ours: (kafka: any) => unknown
  /** For the docs: one sentence. */
  readonly reason: string
}

/** All of them; any other difference is a bug. The docs list them. */
export const DIFFERENCES: readonly Difference[] = []
