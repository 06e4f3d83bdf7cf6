import { ofKind } from '../cluster/of-kind.ts'
import { textOf } from '../project/project-files.ts'
import type { Project } from '../project/project.ts'
import type { Check } from './check.ts'

const PAGE = 'docs/operations.md'

export const runbook: Check = {
  title: `have an entry in ${PAGE} for each alert`,
  find: ({ files, renderings }: Project) => {
    const entries = headings(textOf(files, PAGE))
    const rules = renderings.flatMap(({ resources }) =>
      ofKind(resources, 'PrometheusRule').flatMap(({ spec }) => (spec.groups ?? []).flatMap(group => group.rules ?? [])),
    )
    const names = rules.map(({ alert = '' }) => alert)
    return [
      ...new Set([
        ...(names.length === 0 ? ['no alert is rendered, expected some'] : []),
        ...names.filter(name => !entries.includes(name)).map(name => `alert ${name}: got no entry in ${PAGE}, expected ### ${name}`),
        ...entries
          .filter(entry => !names.includes(entry))
          .map(entry => `${PAGE}: got an entry for ${entry}, expected an alert of that name`),
        ...rules
          .filter(({ alert = '', annotations }) => annotations?.['runbook'] !== `${PAGE}#${alert.toLowerCase()}`)
          .map(
            ({ alert = '', annotations }) =>
              `alert ${alert}: got the runbook ${annotations?.['runbook']}, expected ${PAGE}#${alert.toLowerCase()}`,
          ),
        ...rules
          .filter(({ labels, annotations }) => labels?.['severity'] === undefined || annotations?.['summary'] === undefined)
          .map(({ alert }) => `alert ${alert}: got no severity or no summary, expected both`),
      ]),
    ]
  },
}

function headings(page: string): readonly string[] {
  const [, chapter = ''] = page.split(/^## Runbook$/m)
  return [...(chapter.split(/^## /m)[0] ?? '').matchAll(/^### (\S+)$/gm)].map(([, name]) => name!)
}
