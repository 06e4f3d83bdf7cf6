export type Labels = Readonly<Record<string, string>>

/** What Kubernetes calls a label selector, of which we use the first half. */
export interface Selector {
  readonly matchLabels?: Labels | undefined
  readonly matchExpressions?: readonly unknown[] | undefined
}

/** True if the selector means things with these labels; one without conditions means all. */
export function selects(selector: Selector, labels: Labels): boolean {
  if (selector.matchExpressions !== undefined) throw new Error('a selector with matchExpressions, which the checks do not understand')
  return Object.entries(selector.matchLabels ?? {}).every(([name, value]) => labels[name] === value)
}

export function showLabels(labels: Labels | undefined): string {
  return JSON.stringify(labels ?? {})
}
