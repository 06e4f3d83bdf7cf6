import { environment } from '../environment.ts'

/**
 * What a process needs of the person's environment to run on this system: where programs, libraries and temporary files are,
 * and who runs it. Nothing else of a shell reaches a part. Of what Node reads, NODE_OPTIONS (--inspect, --require), NODE_PATH,
 * NODE_V8_COVERAGE and the like are meant for the person's own program, NODE_USE_ENV_PROXY and NODE_TLS_REJECT_UNAUTHORIZED
 * would change how parts talk to one another; likewise DEBUG, PG*, JAVA_TOOL_OPTIONS, DFLY_*, LD_PRELOAD and OPENSSL_CONF.
 */
const NEEDED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'TZ', 'NIX_LD', 'NIX_LD_LIBRARY_PATH']
/** For a Node, Redis or Java that runs by them only. PostgreSQL brings its libraries, which others of the same name would replace. */
const LIBRARIES = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH']

/** The environment of a part. Its locale is C: Redis and PostgreSQL refuse one that this machine lacks. */
export function systemEnvironment({ bringsLibraries = false } = {}): NodeJS.ProcessEnv {
  const names = bringsLibraries ? NEEDED : [...NEEDED, ...LIBRARIES]
  return { ...pick(names), LC_ALL: 'C' }
}

/** The variables of these names that are set and not empty. */
export function pick(names: readonly string[], env: NodeJS.ProcessEnv = environment()): Record<string, string> {
  return Object.fromEntries(names.flatMap(name => (env[name] ? [[name, env[name]]] : [])))
}
