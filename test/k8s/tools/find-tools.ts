import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from '../../../local/environment.ts'
import { onPath } from '../../../local/launch/on-path.ts'
import { ROOT } from '../project/project-files.ts'

/** A command with its first arguments. */
export type Command = readonly [command: string, ...args: string[]]

const VALIDATOR = 'sigs.k8s.io/kubectl-validate@v0.0.4'
const INSTALL_WITHIN_MS = 600_000
const BIN = join(ROOT, '.cache', 'k8s', 'bin')

/** Renders a folder, which is its last argument. `kubectl` has one inside. Undefined if there is neither. */
export function findKustomize(): Command | undefined {
  const [kustomize, kubectl] = [onPath('kustomize') ?? inGoFolder('kustomize'), onPath('kubectl')]
  if (kustomize !== undefined) return [kustomize, 'build']
  return kubectl === undefined ? undefined : [kubectl, 'kustomize']
}

/** `kubectl-validate`: where it is, or else installed by Go. Undefined without both. Throws if the installation fails. */
export function findValidator(): Command | undefined {
  const found = onPath('kubectl-validate') ?? inGoFolder('kubectl-validate')
  if (found !== undefined) return [found]
  const go = findGo()
  if (go === undefined) return undefined
  mkdirSync(BIN, { recursive: true })
  execFileSync(go, ['install', VALIDATOR], { env: { ...environment(), GOBIN: BIN }, timeout: INSTALL_WITHIN_MS, stdio: 'pipe' })
  return [join(BIN, 'kubectl-validate')]
}

function inGoFolder(name: string): string | undefined {
  const go = findGo()
  const ofUser = go === undefined ? [] : [join(execFileSync(go, ['env', 'GOPATH'], { encoding: 'utf8' }).trim(), 'bin')]
  return [BIN, ...ofUser].map(folder => join(folder, name)).find(file => existsSync(file))
}

function findGo(): string | undefined {
  const usual = '/usr/local/go/bin/go'
  return onPath('go') ?? (existsSync(usual) ? usual : undefined)
}
