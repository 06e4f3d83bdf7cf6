export const SERVER_NAME = 'ping-cache-stand-in'
/**
 * Clients and tools parse a version, so there has to be one. It is below every version of Redis, each of which has
 * commands that are missing here: who asks for the version to know what is possible gets "nothing special".
 */
export const REDIS_VERSION = '0.0.0'
export const REMEDY = 'install redis-server or valkey-server, or set REDIS_URL'
export const NOTICE = `a small stand-in for Redis that comes with Ping: in memory, on this machine, for trying out. For the real thing, ${REMEDY}.`
