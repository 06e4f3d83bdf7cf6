import { ofKind } from '../cluster/of-kind.ts'
import { containersOf, literalEnv, type PlacedContainer } from '../cluster/workloads.ts'
import type { Rendering } from '../project/project.ts'
import type { Resource } from '../project/read-yaml.ts'
import { perRendering } from './check.ts'

export const databases = perRendering(
  'give each role of Postgres its own database, and no way into another',
  ({ resources }: Rendering) => [
    ...ofRoles(resources),
    ...ofOwners(resources),
    ...containersOf(resources).flatMap(placed => ofContainer(placed, resources)),
  ],
)

/** By default a role may connect to every database, also to `postgres`. The first rule that matches decides. */
function ofRoles(resources: readonly Resource[]): readonly string[] {
  return ofKind(resources, 'DatabaseRole').flatMap(({ spec: { name: role, cluster: of } }) => {
    const own = databasesOf(role, resources).map(name => `hostssl ${name} ${role} all scram-sha-256`)
    const expected = [...own, `hostssl all ${role} all reject`].join('; ')
    return ofKind(resources, 'Cluster')
      .filter(({ metadata }) => metadata.name === of.name)
      .flatMap(({ metadata, spec }) => {
        const rules: readonly string[] = spec.postgresql?.pg_hba ?? []
        const got = rules.filter(rule => rule.split(' ')[2] === role).join('; ')
        return got === expected ? [] : [`Cluster ${metadata.name}: got pg_hba ${rules.join('; ')}, expected ${expected}`]
      })
  })
}

function ofOwners(resources: readonly Resource[]): readonly string[] {
  const roles = ofKind(resources, 'DatabaseRole').map(({ spec }) => spec.name)
  return ofKind(resources, 'Database')
    .filter(({ spec }) => !roles.includes(spec.owner))
    .map(({ metadata, spec }) => `Database ${metadata.name}: got the owner ${spec.owner}, expected a role: ${roles.join(', ')}`)
}

/** A program that has a role's password uses the database of that role. */
function ofContainer({ where, container }: PlacedContainer, resources: readonly Resource[]): readonly string[] {
  const secret = container.env?.find(({ name }) => name === 'DB_PASSWORD')?.valueFrom?.secretKeyRef?.name
  const role = ofKind(resources, 'DatabaseRole').find(({ spec }) => spec.passwordSecret.name === secret)
  if (role === undefined) return []
  const owned = databasesOf(role.spec.name, resources)
  const { DB_NAME: used = 'none' } = literalEnv(container)
  return owned.includes(used) ? [] : [`${where}: got DB_NAME ${used}, expected a database of its role: ${owned.join(', ')}`]
}

function databasesOf(role: string, resources: readonly Resource[]): readonly string[] {
  return ofKind(resources, 'Database').flatMap(({ spec }) => (spec.owner === role ? [spec.name] : []))
}
