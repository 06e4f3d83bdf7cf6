import { modelOf, STRIMZI_VALUES, type Model } from '../kinds/model-of.ts'
import type { Project } from '../project/project.ts'

/** A value that should have a type. */
export interface Literal {
  /** Where it is from, for messages. */
  readonly from: string
  readonly model: Model | undefined
  /** As TypeScript, in one line. */
  readonly text: string
}

/** Every resource that is rendered and every file of Kustomize and Skaffold, equal ones only once. */
export function literalsOf({ documents, renderings, skaffold }: Project): readonly Literal[] {
  const rendered = renderings.flatMap(({ name, resources }) =>
    resources.map(resource => toLiteral(`${resource.kind} ${resource.metadata.name} (${name})`, resource)),
  )
  const written = documents
    .filter(({ value }) => ['Kustomization', 'Component'].includes(String(value['kind'])))
    .map(({ path, value }) => toLiteral(path, value))
  const configs = skaffold.map(({ path, profile, config }) => toLiteral(`${path}${profile && ` with profile ${profile}`}`, config))
  const values = documents
    .filter(({ path }) => path.endsWith('-values.yaml'))
    .map(({ path, value }) => ({ from: path, model: STRIMZI_VALUES, text: JSON.stringify(value) }))
  const all = [...rendered, ...written, ...configs, ...values]
  return [...new Map(all.map(literal => [literal.text, literal])).values()]
}

function toLiteral(from: string, value: { readonly apiVersion?: unknown; readonly kind?: unknown }): Literal {
  return { from, model: modelOf(String(value.apiVersion), String(value.kind)), text: JSON.stringify(value) }
}
