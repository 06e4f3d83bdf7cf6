import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onPath } from '../../local/launch/on-path.ts'
import type { ContainerStore } from './container-store.ts'
import { expectSuccess } from './run-command.ts'

export const BASE_IMAGE = 'localhost/node-of-this-machine'
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
/** What Node's binary needs, and what npm needs to reach its registry. */
const PACKAGES = 'libatomic1,libstdc++6,ca-certificates'
const SET_UP = 'ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && groupadd -g 1000 node && useradd -u 1000 -g 1000 -m node'

/** "bookworm"; undefined: not Debian, and nothing that is made from it. */
export function debianRelease(): string | undefined {
  try {
    return /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/**
 * An image like Node's official one, without a registry of images: this machine's Debian, the Node that runs the
 * tests, and npm with its registry and certificates as they are set here.
 */
export async function buildBaseImage(store: ContainerStore): Promise<void> {
  const [root, npmrc] = [join(store.folder, 'debian.tar'), join(store.folder, 'npmrc')]
  await expectSuccess('mmdebstrap', ['--quiet', '--variant=minbase', `--include=${PACKAGES}`, debianRelease() ?? '', root])
  writeFileSync(npmrc, `registry=${await expectSuccess('npm', ['config', 'get', 'registry'])}\n`)
  const container = await store.buildah('from', 'scratch')
  await store.buildah('add', '--quiet', container, root, '/')
  const copies = [
    [process.execPath, '/usr/local/bin/node'],
    [npmFolder(), '/usr/local/lib/node_modules/npm'],
    [npmrc, '/usr/local/etc/npmrc'],
    [CERTIFICATES, CERTIFICATES],
  ] as const
  for (const [from, to] of copies) await store.buildah('copy', '--quiet', container, from, to)
  await store.buildah('run', '--isolation', 'chroot', container, '--', 'sh', '-c', SET_UP)
  await store.buildah('config', '--env', 'PATH=/usr/local/bin:/usr/bin:/bin', '--env', `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`, container)
  await store.buildah('commit', '--quiet', '--rm', container, BASE_IMAGE)
}

/** From …/npm/bin/npm-cli.js, to which the command is a link. */
function npmFolder(): string {
  return dirname(dirname(realpathSync(onPath('npm') ?? '')))
}
