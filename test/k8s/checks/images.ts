import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readDockerfile } from '../../image/read-dockerfile.ts'
import { ofKind } from '../cluster/of-kind.ts'
import { containersOf } from '../cluster/workloads.ts'
import { ROOT, textOf } from '../project/project-files.ts'
import type { Project } from '../project/project.ts'
import type { Resource } from '../project/read-yaml.ts'
import type { Check } from './check.ts'
import { programOf } from './programs.ts'

/** A tag of a version or a build, not one that moves. */
const PINNED = /^[^\s:]+(:\d+\/[^\s:]+)?:(?!latest\b|main\b|edge\b)[\w][\w.-]*$|@sha256:[0-9a-f]{64}$/

export const images: Check = {
  title: 'use images that the Dockerfile has targets for, with tags that do not move',
  find: ({ files, renderings, skaffold }: Project) => {
    const resources = renderings.flatMap(rendering => rendering.resources)
    const targets = readDockerfile(textOf(files, 'Dockerfile')).stages.map(({ name }) => name)
    const artifacts = skaffold.flatMap(({ path, profile, config }) =>
      (config.build?.artifacts ?? []).map(artifact => ({ path, profile, ...artifact })),
    )
    const built = artifacts.map(({ image }) => image)
    return [
      ...artifacts
        .filter(({ docker }) => !targets.includes(docker.target))
        .map(({ path, image, docker }) => `${path}, ${image}: got the target ${docker.target}, expected one of ${targets.join(', ')}`),
      ...artifacts
        .filter(({ profile, image, docker }) => profile === '' && image !== `ping-${docker.target}`)
        .map(({ path, image, docker }) => `${path}, ${image}: got the target ${docker.target}, expected that of its name`),
      ...new Set(ofContainers(resources, built)),
      ...new Set(
        imagesOf(resources)
          .filter(({ image }) => !PINNED.test(image))
          .map(({ from, image }) => `${from}: got the image ${image}, expected one with a tag that does not move`),
      ),
    ]
  },
}

/** The image of each program. */
const IMAGES: Readonly<Record<string, string>> = {
  'src/server/main.ts': 'ping-server',
  'processor/main.ts': 'ping-processor',
  'pong/main.ts': 'ping-pong',
  'semaphore/main.ts': 'ping-semaphore',
  'src/cli/main.ts': 'ping-verify',
}

/** Each container runs an image that is built, and a program that this image has. */
function ofContainers(resources: readonly Resource[], built: readonly string[]): readonly string[] {
  return containersOf(resources).flatMap(({ where, container }) => {
    const name = container.image?.replace(/:[^/]*$/, '') ?? ''
    const program = programOf(container).file
    const expected = IMAGES[program]
    return [
      ...(built.includes(name)
        ? []
        : [`${where}: got the image ${name}, expected one that skaffold builds: ${[...new Set(built)].join(', ')}`]),
      ...(name === expected ? [] : [`${where}: runs ${program} of the image ${name}, expected ${expected}`]),
      ...(existsSync(join(ROOT, program)) ? [] : [`${where}: got the program ${program}, expected a file that exists`]),
      ...(container.imagePullPolicy === 'IfNotPresent'
        ? []
        : [`${where}: got imagePullPolicy ${container.imagePullPolicy}, expected IfNotPresent`]),
    ]
  })
}

function imagesOf(resources: readonly Resource[]): readonly { readonly from: string; readonly image: string }[] {
  return [
    ...containersOf(resources).map(({ where, container }) => ({ from: where, image: container.image ?? '' })),
    ...ofKind(resources, 'Cluster').map(({ metadata, spec }) => ({ from: `Cluster ${metadata.name}`, image: spec.imageName ?? '' })),
    ...ofKind(resources, 'Dragonfly').map(({ metadata, spec }) => ({ from: `Dragonfly ${metadata.name}`, image: spec.image })),
  ]
}
