import type { Route } from './route.ts'

const PARAMETER = /^\{(\w+)\}$/

/** The routes of one path, by their method. */
export interface MatchedPath {
  readonly methods: ReadonlyMap<string, MatchedRoute>
}

/** A route and the values of its parameters, still percent-encoded. */
export interface MatchedRoute {
  readonly route: Route
  readonly segments: Readonly<Record<string, string>>
}

/** A template as its segments: a text that has to be equal, or the name of a parameter. */
interface Template {
  readonly route: Route
  readonly segments: readonly (string | { readonly name: string })[]
}

/** Finds routes by path. Paths with as many segments share a list, so the search is short. */
export class RouteTable {
  readonly #templates = new Map<number, Template[]>()
  /** Every method of some route, in the order of the routes. */
  readonly methods: readonly string[]

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const segments = route.path.split('/').map(segment => {
        const name = PARAMETER.exec(segment)?.[1]
        return name === undefined ? segment : { name }
      })
      const others = this.#templates.get(segments.length) ?? []
      this.#templates.set(segments.length, [...others, { route, segments }])
    }
    this.methods = [...new Set(routes.map(({ method }) => method))]
  }

  /** Undefined: no route has this path. */
  match(path: string): MatchedPath | undefined {
    const given = path.split('/')
    const methods = new Map<string, MatchedRoute>()
    for (const { route, segments: template } of this.#templates.get(given.length) ?? []) {
      const segments = valuesOf(template, given)
      if (segments !== undefined) methods.set(route.method, { route, segments })
    }
    return methods.size === 0 ? undefined : { methods }
  }
}

/** Undefined: the path is another one. */
function valuesOf(template: Template['segments'], given: readonly string[]): Record<string, string> | undefined {
  const values: Record<string, string> = {}
  for (const [index, expected] of template.entries()) {
    const got = given[index]!
    if (typeof expected === 'string') {
      if (got !== expected) return undefined
    } else if (got === '') return undefined
    else values[expected.name] = got
  }
  return values
}
