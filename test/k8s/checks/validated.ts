import { modelOf } from '../kinds/model-of.ts'
import type { Project } from '../project/project.ts'
import type { Resource } from '../project/read-yaml.ts'
import type { Check } from './check.ts'

/** What the packages export: a resource that knows its schema. */
type ModelClass = new (data: Resource) => { validate(): void }

/** Schemas know what types do not: patterns, limits, what is required. */
export const validated: Check = {
  title: 'are valid by the schemas of their kinds',
  async find({ renderings }: Project) {
    const faults = new Map<string, string | undefined>()
    for (const { name, resources } of renderings) {
      for (const resource of resources) {
        const text = JSON.stringify(resource)
        if (!faults.has(text)) faults.set(text, await objectionTo(resource, name))
      }
    }
    return [...faults.values()].filter(fault => fault !== undefined)
  },
}

async function objectionTo(resource: Resource, rendering: string): Promise<string | undefined> {
  const { apiVersion, kind, metadata } = resource
  const schema = modelOf(apiVersion, kind)?.schema
  if (schema === undefined) return undefined
  const { [kind]: Model } = (await import(schema)) as Readonly<Record<string, ModelClass>>
  try {
    new Model!(resource).validate()
    return undefined
  } catch (error) {
    return `${kind} ${metadata.name} (${rendering}): ${(error as Error).message}`
  }
}
