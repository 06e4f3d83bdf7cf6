import { containersOf } from '../cluster/workloads.ts'
import type { Project } from '../project/project.ts'
import { isObject, type Json } from '../project/read-yaml.ts'
import type { Check } from './check.ts'
import { programOf } from './programs.ts'

const NAME_OF_SECRET = /(^|[^a-z])(password|passwd|passphrase|secret|token|api-?key|secret-?(access-?)?key)$|[a-z](Password|Secret|Token)$/i
const SECRET_TEXT = /-----BEGIN [A-Z ]*PRIVATE KEY-----|\b[a-z][a-z0-9+]*:\/\/[^\s/:@]*:[^\s/@]+@|\bAKIA[0-9A-Z]{16}\b/

export const secrets: Check = {
  title: 'hold no secret',
  find: ({ files, documents, renderings }: Project) => [
    ...documents
      .filter(({ value }) => value['kind'] === 'Secret')
      .map(({ path }) => `${path}: got a Secret, expected that it is created outside git`),
    ...documents.flatMap(({ path, value }) => literalsIn(value).map(name => `${path}: got ${name} written out, expected it from a secret`)),
    ...[...files]
      .filter(([path, text]) => path.startsWith('k8s/') && SECRET_TEXT.test(text))
      .map(([path]) => `${path}: got a key, or a password in a URL, expected none`),
    ...new Set(
      renderings
        .flatMap(({ resources }) => containersOf(resources))
        .flatMap(({ where, container }) => {
          const secret = new Set(
            Object.values(programOf(container).settings)
              .filter(setting => setting.secret)
              .map(setting => setting.env),
          )
          const written = (container.env ?? []).filter(({ name, value }) => secret.has(name) && value !== undefined)
          return written.map(({ name }) => `${where}: got ${name} written out, expected it from a secret`)
        }),
    ),
  ],
}

/** The fields that are called like secrets and hold a text. Where one is a name (`secretName`) it ends otherwise. */
function literalsIn(value: Json, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => literalsIn(item, `${path}/${index}`))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' && NAME_OF_SECRET.test(name) ? [`${path}/${name}`] : literalsIn(inner, `${path}/${name}`),
  )
}
