import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { createServerMetrics } from '../../src/server/metrics.ts'
import { pingRoles } from '../../src/server/roles.ts'
import { watchCallers } from '../../src/transport/watch-callers.ts'
import { startHttpFixture, type FixtureOptions, type HttpFixture } from './http-fixture.ts'

/** The contents of the TLS files and the tokens file, by short names of their settings. */
export interface CallerTexts {
  readonly cert?: string
  readonly key?: string
  readonly clientCa?: string
  readonly tokens?: string
}

/** Ping's port with files that define who may call. */
export interface CallersFixture extends HttpFixture {
  readonly folder: string
  /** What was logged about the files and the handshakes. */
  readonly said: string[]
  /** The metrics of TLS. */
  tlsMetrics(): Promise<string>
  write(texts: CallerTexts): void
}

const EVERY_MS = 10

export async function startCallersFixture(texts: CallerTexts, options: FixtureOptions = {}): Promise<CallersFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'ping-test-callers-'))
  const file = (name: keyof CallerTexts): string => join(folder, name)
  const named = (name: keyof CallerTexts): string | undefined => (texts[name] === undefined ? undefined : file(name))
  const write = (written: CallerTexts): void => Object.entries(written).forEach(([name, text]) => writeFileSync(join(folder, name), text))
  write(texts)
  const said: string[] = []
  const log = pino({ level: 'trace' }, { write: line => void said.push(line) })
  const metrics = createServerMetrics()
  const settings = { tlsCertFile: named('cert'), tlsKeyFile: named('key'), tlsClientCaFile: named('clientCa'), tokensFile: named('tokens') }
  const callers = watchCallers(settings, { log, metrics, roles: pingRoles, everyMs: EVERY_MS })
  const fixture = await startHttpFixture({ ...options, tls: callers.tls, access: callers.access })
  return {
    ...fixture,
    folder,
    said,
    write,
    tlsMetrics: () => metrics.registry.metrics(),
    async [Symbol.asyncDispose]() {
      callers.stop()
      await fixture[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

/** A line of the tokens file. */
export function tokenLine(name: string, token: string, roles: string): string {
  return `${name} ${createHash('sha256').update(token).digest('hex')} ${roles}\n`
}
