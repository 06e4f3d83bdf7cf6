import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from '../../local/environment.ts'
import { missingForKafka } from '../../local/launch/kafka-jars.ts'
import { onPath } from '../../local/launch/on-path.ts'
import { postgresBinaries } from '../../local/launch/postgres-binaries.ts'
import { missingForChromium } from './chromium.ts'
import { PGBOUNCER } from './pgbouncer.ts'

const CONFLUENT_KAFKA = join('.cache', 'confluent-kafka')

/** Where Python finds the client library of a tier; empty: where Debian put it. */
export function confluentKafka(tier: 'librdkafka' | 'librdkafka-new'): string {
  return tier === 'librdkafka' ? '' : join(import.meta.dirname, '..', '..', CONFLUENT_KAFKA)
}

function missingForPython(tier: 'librdkafka' | 'librdkafka-new', remedy: string): string | undefined {
  const env = { ...environment(), PYTHONPATH: confluentKafka(tier) }
  const { status, stdout } = spawnSync('/usr/bin/python3', ['-c', 'import confluent_kafka as c; print(c.__file__)'], {
    encoding: 'utf8',
    env,
  })
  // Python would take Debian's where the folder is missing.
  return status === 0 && stdout.startsWith(confluentKafka(tier)) ? undefined : `no confluent_kafka in Python: ${remedy}`
}

/** Python's parser of XML, which is expat. */
function missingForXml(): string | undefined {
  const { status } = spawnSync('/usr/bin/python3', ['-c', 'import xml.etree.ElementTree as e; e.fromstring("<a/>")'], {
    env: environment(),
  })
  return status === 0 ? undefined : 'no /usr/bin/python3 with its module xml: install the Debian package python3'
}

/** An older one does not fetch the Go that go.mod asks for. */
const MIN_GO = 21
/** Where Go is unpacked when it comes from its own site. */
const USUAL_GO = '/usr/local/go/bin/go'

/** The full path of Go, on the path or not. */
export function goCommand(): string | undefined {
  return onPath('go') ?? (existsSync(USUAL_GO) ? USUAL_GO : undefined)
}

function missingForGo(): string | undefined {
  const go = goCommand()
  if (go === undefined) return `no \`go\` on the path and no ${USUAL_GO}`
  const version = /go1\.(\d+)/.exec(spawnSync(go, ['version'], { encoding: 'utf8', env: environment() }).stdout)?.[1]
  return Number(version) >= MIN_GO ? undefined : `\`go\` is version 1.${version}: install Go 1.${MIN_GO} or newer`
}

/** Programs in Go that `.ci/run` builds, each into a folder of its name. */
const BUILT = {
  grpcurl: 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3',
  connectconformance: 'connectrpc.com/conformance/cmd/connectconformance@v1.0.6',
} as const

/** The full path of grpcurl, on the path or built here. */
export function grpcurlCommand(): string | undefined {
  return onPath('grpcurl') ?? builtCommand('grpcurl')
}

/** The full path of Connect's conformance suite, built here: its cases differ from version to version. */
export function connectconformanceCommand(): string | undefined {
  return builtCommand('connectconformance')
}

function builtCommand(name: keyof typeof BUILT): string | undefined {
  const built = join(import.meta.dirname, '..', '..', '.cache', name, name)
  return existsSync(built) ? built : undefined
}

function missingBuilt(name: keyof typeof BUILT, command: string | undefined): string | undefined {
  return command === undefined ? `no \`${name}\`: GOBIN=$PWD/${join('.cache', name)} go install ${BUILT[name]}` : undefined
}

/** Why a real part cannot be had on this machine, or undefined when it can. Postgres 18 comes with npm: it always can. */
const MISSING = {
  postgres15: () => (postgresBinaries(15) ? undefined : 'no PostgreSQL 15 in /usr/lib/postgresql/15/bin'),
  redis: () => missingFromPath('redis-server'),
  kafka: () => missingForKafka(),
  librdkafka: () => missingForPython('librdkafka', 'install the Debian package python3-confluent-kafka'),
  'librdkafka-new': () =>
    missingForPython(
      'librdkafka-new',
      `pip install --target ${CONFLUENT_KAFKA} --no-deps -r test/broker/clients/librdkafka/requirements.txt`,
    ),
  java: () => missingForKafka() ?? (onPath('javac') ? undefined : 'no `javac` on the path: install a JDK, not only a JRE'),
  go: () => missingForGo(),
  grpcurl: () => missingBuilt('grpcurl', grpcurlCommand()),
  connectconformance: () => missingBuilt('connectconformance', connectconformanceCommand()),
  pgbouncer: () => (existsSync(PGBOUNCER) ? undefined : `no ${PGBOUNCER}`),
  kcat: () => missingFromPath('kcat'),
  curl: () => missingFromPath('curl'),
  script: () => missingFromPath('script'),
  python: () => missingForXml(),
  chromium: () => missingForChromium(),
} as const

export type Tier = keyof typeof MISSING

/** Tiers that this run does without, wherever they are: `.ci/bare` names all of them. */
const WITHOUT = (process.env['PING_TEST_WITHOUT'] ?? '').split(',')

function missingFromPath(command: string): string | undefined {
  return onPath(command) ? undefined : `no \`${command}\` on the path`
}

function missing(tier: Tier): string | undefined {
  return WITHOUT.includes(tier) ? `this run does without ${tier}` : MISSING[tier]()
}

/** As `can`, for a caller that has an alternative: prints nothing, and the tier may be missing in CI. */
export function isHere(tier: Tier): boolean {
  return missing(tier) === undefined
}

/**
 * True when the tests of these tiers can run here: `describe.runIf(can('kafka', 'redis'))('…', …)`.
 * Otherwise the reason is printed. With `CI=true` a missing tier fails the file, unless PING_TEST_WITHOUT names it.
 */
export function can(...tiers: readonly Tier[]): boolean {
  const reasons = tiers.flatMap(tier => missing(tier) ?? [])
  if (reasons.length === 0) return true
  const text = `skipped, the tier cannot run here: ${reasons.join('; ')}`
  if (process.env['CI'] === 'true' && tiers.some(tier => !WITHOUT.includes(tier) && !isHere(tier)))
    throw new Error(`${text} (CI=true runs all tiers)`)
  console.warn(text)
  return false
}
