import type { Project, Rendering } from '../project/project.ts'

/** A rule that all manifests keep. */
export interface Check {
  /** What is true if it finds nothing. */
  readonly title: string
  /** What is wrong, a sentence each: where, what was got and what was expected. */
  find(project: Project): Promise<readonly string[]> | readonly string[]
}

/** A check of one rendering after the other; a fault that several have is reported once, with their names. */
export function perRendering(title: string, faultsOf: (rendering: Rendering, project: Project) => readonly string[]): Check {
  return {
    title,
    find: project => {
      const found = project.renderings.flatMap(rendering => faultsOf(rendering, project).map(fault => ({ fault, name: rendering.name })))
      const byFault = Object.entries(Object.groupBy(found, ({ fault }) => fault))
      return byFault.map(([fault, where = []]) => `${fault} (${[...new Set(where.map(({ name }) => name))].join(', ')})`)
    },
  }
}
