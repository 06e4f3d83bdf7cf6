import { beforeAll, describe, expect, test } from 'vitest'
import { CHECKS } from './checks/checks.ts'
import { BREAKS, MISTAKES, plant } from './mistakes.ts'
import { readProjectFiles } from './project/project-files.ts'
import { readProject, type Project } from './project/project.ts'
import { typeFaults } from './types/compile.ts'
import { literalsOf } from './types/literals.ts'

const files = readProjectFiles()

/** What each check finds, of those that find something. */
async function findings(project: Project): Promise<Readonly<Record<string, readonly string[]>>> {
  const all = await Promise.all(Object.entries(CHECKS).map(async ([name, check]) => [name, await check.find(project)] as const))
  return Object.fromEntries(all.filter(([, faults]) => faults.length > 0))
}

describe('the checks', () => {
  const planted = MISTAKES.map(mistake => ({ mistake, project: readProject(plant(files, mistake)) }))
  // One run of the compiler for all; the check of types then has its answers.
  beforeAll(() => typeFaults(planted.flatMap(({ project }) => literalsOf(project))))

  test.each(planted.map(({ mistake, project }) => [mistake.title, mistake, project] as const))('find %s', async (_, mistake, project) => {
    const found = await findings(project)
    expect(Object.keys(found), JSON.stringify(found, undefined, 1)).toEqual([mistake.check])
    expect(found[mistake.check]?.join('\n')).toContain(mistake.says)
  })

  test('find a mistake each', () => {
    expect([...new Set(MISTAKES.map(({ check }) => check))].sort()).toEqual(Object.keys(CHECKS).sort())
  })

  test.each(BREAKS.map(mistake => [mistake.title, mistake] as const))('stop with an error at %s', (_, mistake) => {
    expect(() => readProject(plant(files, mistake))).toThrow(mistake.says)
  })
})
