import { environment } from '../../local/environment.ts'
import { onPath } from '../../local/launch/on-path.ts'
import { debianRelease } from './base-image.ts'

/** Debian packages of these names. */
const TOOLS = ['buildah', 'runc', 'mmdebstrap', 'podman', 'conmon']

/** True when images can be built and run on this machine. Otherwise it says why; with `CI=true` it fails. */
export function canBuildImages(): boolean {
  const missing = TOOLS.filter(tool => onPath(tool) === undefined)
  const reasons = [
    ...(process.platform === 'linux' && debianRelease() !== undefined ? [] : ['this is neither Debian nor made from it']),
    ...(process.getuid?.() === 0 ? [] : ['containers are built and run as root here, and this is a plain user']),
    ...(missing.length === 0 ? [] : [`not installed: ${missing.join(' ')}`]),
    ...(onPath('npm') === undefined ? ['no `npm` on the path'] : []),
  ]
  if (reasons.length === 0) return true
  const text = `no image is built: ${reasons.join('; ')}`
  if (environment()['CI'] === 'true') throw new Error(`${text} (with CI=true that is a failure)`)
  console.warn(text)
  return false
}
