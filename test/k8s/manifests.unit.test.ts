import { describe, expect, it } from 'vitest'
import { CHECKS } from './checks/checks.ts'
import { readProjectFiles } from './project/project-files.ts'
import { readProject } from './project/project.ts'

const project = readProject(readProjectFiles())

describe('the manifests', () => {
  it('are found', () => {
    expect(project.documents.length).toBeGreaterThan(60)
    expect(Math.min(...project.renderings.map(({ resources }) => resources.length))).toBeGreaterThan(20)
  })

  it.each(Object.values(CHECKS))('$title', async check => expect(await check.find(project)).toEqual([]))
})
