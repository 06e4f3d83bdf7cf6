import type { Check } from './check.ts'
import { typed } from './typed.ts'
import { validated } from './validated.ts'

/** Everything that is checked about the manifests without a cluster. */
export const CHECKS: readonly Check[] = [typed, validated]
