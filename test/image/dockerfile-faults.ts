import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readDockerfile, stepsOf, type Stage, type Step } from './read-dockerfile.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** What the manifests and skaffold build, each an image. */
export const TARGETS = ['server', 'processor', 'pong', 'semaphore', 'verify', 'dev'] as const
/** Builders of Debian's age do not know these. */
const TOO_NEW = /^--(link|parents|network|security|exclude)\b/

export interface BuildFiles {
  readonly dockerfile: string
  readonly dockerignore: string
  /** The version of Node that the tests run with. */
  readonly nodeVersion: string
}

/** What is wrong with the description of the images, each a sentence; empty: nothing. Builds nothing. */
export function findFaults({ dockerfile, dockerignore, nodeVersion }: BuildFiles): readonly string[] {
  const { problems, head, stages } = readDockerfile(dockerfile)
  return [
    ...problems,
    ...ofBase(head, nodeVersion),
    ...ofStages(stages),
    ...TARGETS.flatMap(target => ofTarget(target, stepsOf(stages, target))),
    ...stages.flatMap(({ name, steps }) => steps.flatMap(step => ofStep(name, step))),
    ...ofContext(stages, dockerignore),
  ]
}

function ofBase(head: readonly Step[], nodeVersion: string): readonly string[] {
  const [first] = head
  const got = `${first?.keyword} ${first?.words.join(' ')}`
  const expected = new RegExp(`^ARG NODE_IMAGE=node:${RegExp.escape(nodeVersion)}-slim(@sha256:[0-9a-f]{64})?$`)
  return expected.test(got)
    ? []
    : [`the first instruction is ${got}, expected ARG NODE_IMAGE=node:${nodeVersion}-slim, the Node of package.json`]
}

function ofStages(stages: readonly Stage[]): readonly string[] {
  const missing = TARGETS.filter(target => stages.every(({ name }) => name !== target))
  const strangers = stages.filter(({ from }, index) => from !== '$NODE_IMAGE' && stages.slice(0, index).every(({ name }) => name !== from))
  return [
    ...missing.map(target => `no target ${target}`),
    ...strangers.map(({ name, from }) => `stage ${name} is from ${from}, expected $NODE_IMAGE or a stage above`),
  ]
}

function ofTarget(target: string, steps: readonly Step[]): readonly string[] {
  const last = (keyword: string): Step | undefined => steps.findLast(step => step.keyword === keyword)
  const [user, entrypoint, command] = [last('USER'), last('ENTRYPOINT'), last('CMD')]
  const program = command?.words.find(word => !word.startsWith('-')) ?? ''
  return [
    ...(user?.words.join(' ') === '1000:1000' ? [] : [`${target}: its user is ${user?.words.join(' ')}, expected 1000:1000, by number`]),
    ...(entrypoint?.isList && entrypoint.words.join(' ') === 'node' ? [] : [`${target}: its entry point is not ["node"]`]),
    ...(command?.isList && existsSync(join(ROOT, program))
      ? []
      : [`${target}: its command is not a list with a program of ours: got ${program}`]),
  ]
}

function ofStep(stage: string, { keyword, words, flags, hasHeredoc }: Step): readonly string[] {
  const tooNew = [...flags.filter(flag => TOO_NEW.test(flag)), ...(hasHeredoc ? ['a heredoc'] : [])]
  const installs = keyword === 'RUN' && words.join(' ').includes('npm')
  return [
    ...tooNew.map(what => `${stage}: ${keyword} with ${what}, which older builders do not know`),
    ...(installs && !/\bnpm ci\b.*--omit=dev\b/.test(words.join(' ')) ? [`${stage}: npm is not called as npm ci --omit=dev`] : []),
  ]
}

/** What the builder gets to see: only what an image takes, all of which is there. */
function ofContext(stages: readonly Stage[], dockerignore: string): readonly string[] {
  const [first, ...others] = dockerignore.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const admitted = others.map(line => line.slice(1))
  const taken = stages
    .flatMap(({ steps }) => steps)
    .filter(isFromContext)
    .flatMap(({ words }) => words.slice(0, -1))
  return [
    ...(first === '*' && others.every(line => /^![\w./-]+$/.test(line)) ? [] : ['.dockerignore: expected * first, then names with !']),
    ...admitted.filter(name => !taken.includes(name)).map(name => `.dockerignore: lets ${name} in, which no stage takes`),
    ...taken.filter(name => !admitted.includes(name)).map(name => `.dockerignore: keeps ${name} out, which a stage takes`),
    ...admitted.filter(name => !existsSync(join(ROOT, name))).map(name => `.dockerignore: names ${name}, which is not there`),
  ]
}

function isFromContext({ keyword, flags }: Step): boolean {
  return keyword === 'COPY' && !flags.some(flag => flag.startsWith('--from='))
}
