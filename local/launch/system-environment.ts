import { environment } from '../environment.ts'

/**
 * What a process needs of the user's environment to run on this system: where programs, libraries and temporary files are, and
 * the user. Nothing else of a shell reaches a part. NODE_OPTIONS (--inspect, --require), NODE_PATH, NODE_V8_COVERAGE and the like
 * are meant for the user's own program; NODE_USE_ENV_PROXY and NODE_TLS_REJECT_UNAUTHORIZED would change how parts connect to
 * one another, and so would DEBUG, PG*, JAVA_TOOL_OPTIONS, DFLY_*, LD_PRELOAD and OPENSSL_CONF.
 */
const NEEDED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'TZ', 'NIX_LD', 'NIX_LD_LIBRARY_PATH']
/** For a Node, Redis or Java that needs them to run. PostgreSQL has its own libraries, which these could replace by others of the same name. */
const LIBRARIES = ['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH']

/** The environment of a part. Its locale is C: Redis and PostgreSQL refuse a locale that this machine lacks. */
export function systemEnvironment({ bringsLibraries = false } = {}): NodeJS.ProcessEnv {
  const names = bringsLibraries ? NEEDED : [...NEEDED, ...LIBRARIES]
  return { ...pick(names), LC_ALL: 'C' }
}

/** The variables of these names that are set and not empty. */
export function pick(names: readonly string[], env: NodeJS.ProcessEnv = environment()): Record<string, string> {
  return Object.fromEntries(names.flatMap(name => (env[name] ? [[name, env[name]]] : [])))
}
