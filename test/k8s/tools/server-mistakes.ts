import { MISTAKES, type Mistake } from '../mistakes.ts'

/** Those that an API server refuses: fields and values that a kind does not have, in what overlay dev renders. */
export const REFUSED: readonly Mistake[] = MISTAKES.filter(
  ({ check, file }) =>
    (check === 'typed' || check === 'validated') && /^k8s\/(app|infra)\//.test(file) && !/(kustomization|skaffold)\.yaml$/.test(file),
)

/** What is validated. The profiles of skaffold deploy the last two next to overlay dev. */
export const OVERLAYS = ['dev', 'dev/sync', 'prod', 'dev/pong', 'dev/semaphore'].map(name => `k8s/overlays/${name}`)
