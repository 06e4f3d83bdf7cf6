import { globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findFaults, type BuildFiles } from './dockerfile-faults.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const SOURCE = /\.(ts|sql|lua)$/
/** What the server gives to browsers, and how its types are checked. */
const FILE_OF_PAGE = /^src\/server\/page\/assets\/([a-z-]+\.(js|css)|tsconfig\.json)$/
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } }
const files: BuildFiles = { dockerfile: read('Dockerfile'), dockerignore: read('.dockerignore'), nodeVersion: devDependencies.node }

/** The files with one text replaced, which has to be there. */
function planted(file: 'dockerfile' | 'dockerignore', text: string, by: string): BuildFiles {
  expect(files[file]).toContain(text)
  return { ...files, [file]: files[file].replace(text, by) }
}

describe('the Dockerfile', () => {
  test('has no faults', () => expect(findFaults(files)).toEqual([]))

  test('copies only folders without tests, keys and settings', () => {
    const copied = globSync('{src,processor,pong,semaphore}/**/*', { cwd: ROOT, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => relative(ROOT, join(entry.parentPath, entry.name)))
    expect(copied.filter(file => !SOURCE.test(file) && !FILE_OF_PAGE.test(file))).toEqual([])
    expect(globSync('{src,processor,pong,semaphore}/**/*.test.ts', { cwd: ROOT })).toEqual([])
  })

  test.each<[string, BuildFiles, string]>([
    ['an unknown instruction', planted('dockerfile', 'WORKDIR', 'WORKDRI'), 'Unknown instruction'],
    ['a base that cannot be chosen', planted('dockerfile', 'ARG NODE_IMAGE=', 'ARG OTHER='), 'expected ARG NODE_IMAGE=node:'],
    ['a base with another version of Node', { ...files, nodeVersion: '27.0.0' }, 'expected ARG NODE_IMAGE=node:27.0.0-slim'],
    [
      'a base with a tag that moves',
      planted('dockerfile', /node:\S+/.exec(files.dockerfile)![0], 'node:latest'),
      'expected ARG NODE_IMAGE=node:',
    ],
    ['a target that is missing', planted('dockerfile', 'AS verify', 'AS check'), 'no target verify'],
    ['a stage from another image', planted('dockerfile', 'FROM runtime AS server', 'FROM debian AS server'), 'stage server is from debian'],
    ['a user by name', planted('dockerfile', 'USER 1000:1000', 'USER node'), 'server: its user is node, expected 1000:1000'],
    [
      'a shell before the program',
      planted('dockerfile', 'ENTRYPOINT ["node"]', 'ENTRYPOINT node'),
      'server: its entry point is not ["node"]',
    ],
    [
      'a program that is not there',
      planted('dockerfile', '["src/server/main.ts"]', '["src/server.ts"]'),
      'server: its command is not a list',
    ],
    ['a copy option that older builders do not know', planted('dockerfile', 'COPY src', 'COPY --link src'), 'COPY with --link'],
    ['a heredoc', planted('dockerfile', 'COPY src src', 'COPY <<EOF src\nx\nEOF'), 'COPY with a heredoc'],
    ['development packages', planted('dockerfile', ' --omit=dev', ''), 'npm is not called as npm ci --omit=dev'],
    ['a folder that .dockerignore excludes', planted('dockerignore', '!processor\n', ''), 'keeps processor out'],
    ['a folder that no stage needs', planted('dockerignore', '!src\n', '!src\n!test\n'), 'lets test in'],
    ['a .dockerignore that excludes nothing', planted('dockerignore', '*\n', ''), 'expected * first'],
  ])('has a fault that is found: %s', (_, changed, fault) => expect(findFaults(changed).join('\n')).toContain(fault))
})
