import { addresses } from './addresses.ts'
import type { Check } from './check.ts'
import { databases } from './databases.ts'
import { images } from './images.ts'
import { kafkaAccess } from './kafka-access.ts'
import { metrics } from './metrics.ts'
import { operators } from './operators.ts'
import { partitions } from './partitions.ts'
import { paths } from './paths.ts'
import { podSecurity } from './pod-security.ts'
import { ports } from './ports.ts'
import { probes } from './probes.ts'
import { receivers } from './receivers.ts'
import { references } from './references.ts'
import { resources } from './resources.ts'
import { runbook } from './runbook.ts'
import { secrets } from './secrets.ts'
import { selectors } from './selectors.ts'
import { settings } from './settings.ts'
import { streams } from './streams.ts'
import { termination } from './termination.ts'
import { typed } from './typed.ts'
import { validated } from './validated.ts'

/** Everything that is checked about the manifests without a cluster, by name. */
export const CHECKS: Readonly<Record<string, Check>> = {
  typed,
  validated,
  receivers,
  references,
  selectors,
  ports,
  addresses,
  images,
  operators,
  podSecurity,
  resources,
  probes,
  streams,
  termination,
  settings,
  kafkaAccess,
  partitions,
  databases,
  secrets,
  paths,
  metrics,
  runbook,
}
